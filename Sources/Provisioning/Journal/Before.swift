/// How one thing was before an installation first touched it: what uninstall needs.
package struct Before: Codable, Hashable, Sendable {
    package enum Kind: String, Codable, Sendable {
        case path
        /// It was not installed.
        case package
        /// It was not held at its version.
        case hold
        case unit
        /// There was none.
        case user
        /// There was none.
        case group
        /// A user was no member of a group; named `user group`.
        case member
        /// A setting of the kernel, by its path.
        case setting
    }
    package var kind: Kind
    package var name: String
    /// Of a path: what was there.
    package var found: Found?
    /// Of a unit.
    package var wasEnabled: Bool?
    package var wasActive: Bool?
    /// Of a setting.
    package var value: String?

    package init(
        _ kind: Kind, _ name: String, found: Found? = nil, wasEnabled: Bool? = nil, wasActive: Bool? = nil,
        value: String? = nil
    ) {
        self.kind = kind
        self.name = name
        self.found = found
        self.wasEnabled = wasEnabled
        self.wasActive = wasActive
        self.value = value
    }

    /// What was at a path.
    package struct Found: Codable, Hashable, Sendable {
        package enum Kind: String, Codable, Sendable { case nothing, file, directory, link, other }
        package var kind: Kind
        package var mode: UInt32?
        package var user: UInt32?
        package var group: UInt32?
        /// Of a file: the name of its copy among the originals.
        package var original: String?
        /// Of a link.
        package var target: String?

        package init(_ kind: Kind) { self.kind = kind }
    }

    /// What it is about; the first record of a subject is the one that counts.
    package struct Subject: Hashable, Sendable {
        package let kind: Kind
        package let name: String

        package init(_ kind: Kind, _ name: String) {
            self.kind = kind
            self.name = name
        }
    }
    package var subject: Subject { Subject(kind, name) }
}
