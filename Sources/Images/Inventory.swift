import Archives

/// What one reading of an image's layers has found: files that matter by their mode or their name, and the packages.
struct Inventory: Sendable {
    /// A file or folder whose mode is worth a word.
    struct Marked: Sendable {
        let path: String
        let layer: Int
        let mode: UInt32
        let owner: Int64
        let group: Int64
        let isFolder: Bool
    }

    private struct Text {
        let layer: Int
        let bytes: [UInt8]
    }

    /// Small files that the checks read.
    private static let texts: Set<String> = ["etc/os-release", "usr/lib/os-release", "etc/passwd", "etc/shadow"]
    private static let largestText = 1 << 20

    private(set) var tree: ImageTree
    private(set) var marked: [Marked] = []
    private(set) var packages = PackageCollection()
    private var contents: [String: Text] = [:]
    private(set) var entries = 0
    /// What the layers unpack to.
    private(set) var bytes: Int64 = 0

    /// Reads all layers, and holds each against its digest.
    init(of image: ImageArchive, limits: ImageLimits, isCancelled: @escaping () -> Bool) throws {
        tree = ImageTree(layers: image.layers.count)
        packages = PackageCollection(limits: limits)
        let walk = LayerWalk(image: image, limits: limits, verifies: true)
        (entries, bytes) = try walk.walk(isCancelled: isCancelled) { layer, entry, content in
            try add(entry, layer, content)
        }
        var numbers: [String: Int] = [:]
        for (number, layer) in image.layers.enumerated() { numbers[layer.file] = number }
        for (number, layer) in image.layers.enumerated() {
            if let visited = numbers[layer.file], visited != number { tree.repeatLayer(visited, as: number) }
        }
    }

    private mutating func add(_ entry: LayerEntry, _ layer: Int, _ content: EntryReader) throws {
        tree.add(entry, layer: layer)
        guard entry.role == .content else { return }
        let listed = entry.listed
        let isFolder = listed.kind == .directory
        switch listed.kind {
        case .symbolicLink, .special: return
        case .file, .directory, .hardLink: break
        }
        let isWritable = listed.mode & 0o002 != 0 && !(isFolder && listed.mode & 0o1000 != 0)
        if (!isFolder && listed.mode & 0o6000 != 0) || isWritable {
            marked.append(
                Marked(
                    path: entry.path, layer: layer, mode: listed.mode, owner: listed.owner, group: listed.group,
                    isFolder: isFolder))
        }
        guard listed.kind == .file else { return }
        if Self.texts.contains(entry.path), let bytes = try content.all(atMost: Self.largestText) {
            if layer >= contents[entry.path]?.layer ?? 0 { contents[entry.path] = Text(layer: layer, bytes: bytes) }
        } else {
            try packages.look(at: entry, layer: layer, content)
        }
    }

    /// The lines of a text that is in the image in the end.
    func lines(of path: String) -> [Substring] {
        guard let text = contents[path], tree.shows(path, of: text.layer) else { return [] }
        return String(decoding: text.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The fields of `os-release(5)`.
    var release: [String: String] {
        let lines = lines(of: "etc/os-release")
        var fields: [String: String] = [:]
        for line in lines.isEmpty ? self.lines(of: "usr/lib/os-release") : lines {
            let pair = line.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { continue }
            fields[String(pair[0])] = String(pair[1].filter { $0 != "\"" && $0 != "'" && $0 != "\r" }.prefix(200))
        }
        return fields
    }

    func shows(_ path: String, of layer: Int) -> Bool { tree.shows(path, of: layer) }
}

extension ByteSource {
    /// All of the bytes, or `nil` where there are more.
    func all(atMost limit: Int) throws -> [UInt8]? {
        var bytes: [UInt8] = []
        do {
            while let piece = try next() {
                guard bytes.count + piece.count <= limit else { return nil }
                bytes += piece
            }
        } catch is SparseContent {
            return nil
        }
        return bytes
    }
}
