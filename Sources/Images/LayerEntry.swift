import Archives

/// An entry of a layer: where it is in the image, and what it does there.
struct LayerEntry {
    enum Role: Equatable {
        /// Something is there now.
        case content
        /// What lower layers have there is gone (`.wh.NAME`).
        case whiteout
        /// What lower layers have in this folder is gone (`.wh..wh..opq`).
        case opaque
    }

    /// Without a `/` at its beginning or end.
    let path: String
    let role: Role
    let listed: ListedEntry

    private static let prefix = ".wh."

    /// `nil` for the root itself, and for what union file systems keep for themselves.
    init?(_ listed: ListedEntry, layer: Digest, limits: ImageLimits) throws(ImageError) {
        let name = listed.name
        func refuse(_ reason: String) -> ImageError { .badPath(name, layer: layer.short, because: reason) }
        guard !name.isEmpty else { throw refuse("it cannot be read") }
        guard name.utf8.count <= limits.pathBytes else { throw refuse("it is too long") }
        var parts = name.split(separator: "/").filter { $0 != "." }
        guard !parts.contains("..") else { throw refuse("it leads out of the image") }
        guard parts.count <= limits.pathDepth else { throw refuse("it is nested too deeply") }
        guard let last = parts.last else { return nil }
        self.listed = listed
        guard last.hasPrefix(Self.prefix) else {
            path = parts.joined(separator: "/")
            role = .content
            return
        }
        parts.removeLast()
        let hidden = last.dropFirst(Self.prefix.count)
        if hidden == ".wh..opq" {
            role = .opaque
        } else {
            guard !hidden.hasPrefix(Self.prefix) else { return nil }
            guard !hidden.isEmpty, hidden != ".", hidden != ".." else { throw refuse("it hides nothing") }
            role = .whiteout
            parts.append(hidden)
        }
        path = parts.joined(separator: "/")
    }
}
