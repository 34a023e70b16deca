/// A profile with the origin of each of its values.
package struct LoadedProfile: Sendable {
    package let profile: Profile
    /// Every value that has no parts, in the order of the key table.
    package let entries: [Entry]

    /// One value as `profile show` prints it.
    package struct Entry: Sendable, Equatable {
        package let path: ProfilePath
        /// As YAML.
        package let text: String
        package let origin: Origin
    }

    init(profile: Profile, root: Value) {
        self.profile = profile
        var entries: [Entry] = []
        root.walk(from: ProfilePath()) { path, value in
            if let text = value.text { entries.append(Entry(path: path, text: text, origin: value.origin)) }
        }
        self.entries = entries
    }

    /// Where the value at `path` comes from; `nil` when there is no such value.
    package func origin(of path: ProfilePath) -> Origin? { entries.first { $0.path == path }?.origin }
}
