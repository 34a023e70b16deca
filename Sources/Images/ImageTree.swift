import Archives

/// What each layer has and hides, as far as it takes to say whether a file of one is in the image in the end.
///
/// Of paths only hashes are kept, seeded anew in each process: a million paths cost some twenty megabytes, and nobody can
/// make two of them meet on purpose.
struct ImageTree {
    private struct Layer {
        /// What is there, folders not included: it takes the place of what lower layers have there and below.
        var files: Set<Int> = []
        var folders: Set<Int> = []
        var whiteouts: Set<Int> = []
        var opaques: Set<Int> = []
    }

    private var layers: [Layer]

    init(layers count: Int) { layers = Array(repeating: Layer(), count: count) }

    mutating func add(_ entry: LayerEntry, layer: Int) {
        let hash = Self.hash(entry.path[...])
        switch entry.role {
        case .whiteout: layers[layer].whiteouts.insert(hash)
        case .opaque: layers[layer].opaques.insert(hash)
        case .content:
            if entry.listed.kind == .directory {
                layers[layer].folders.insert(hash)
            } else {
                layers[layer].files.insert(hash)
            }
        }
    }

    /// A layer that is in the image a second time.
    mutating func repeatLayer(_ number: Int, as other: Int) { layers[other] = layers[number] }

    /// Whether no later layer replaces or deletes what `layer` has at `path`.
    func shows(_ path: String, of layer: Int) -> Bool {
        let itself = Self.hash(path[...])
        let above = Self.folders(above: path).map(Self.hash)
        return layers[(layer + 1)...].allSatisfy { later in
            !later.files.contains(itself) && !later.folders.contains(itself) && !later.whiteouts.contains(itself)
                && above.allSatisfy {
                    !later.whiteouts.contains($0) && !later.opaques.contains($0) && !later.files.contains($0)
                }
        }
    }

    /// The folders that a path is in; the last is the root, whose name is empty.
    private static func folders(above path: String) -> [Substring] {
        var folders: [Substring] = []
        var rest = path[...]
        while let slash = rest.lastIndex(of: "/") {
            rest = rest[..<slash]
            folders.append(rest)
        }
        return folders + [""]
    }

    private static func hash(_ path: Substring) -> Int {
        var hasher = Hasher()
        // As bytes: a string's own hash looks up what its characters mean.
        var path = path
        path.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
        return hasher.finalize()
    }
}
