import Archives

/// Reads the layers of an image, each once and in the order in which the archive has them.
struct LayerWalk {
    let image: ImageArchive
    let limits: ImageLimits
    /// Whether each layer is held against its digest; it is enough to do that once.
    let verifies: Bool

    /// Calls `visit` with the number of a layer (0 is the lowest), its entries, and where the content of the one at hand is.
    ///
    /// A layer that is in the image twice is visited once, under its highest number: what it has is seen there or nowhere.
    func walk(
        isCancelled: @escaping () -> Bool,
        visit: (_ layer: Int, _ entry: LayerEntry, _ content: EntryReader) throws -> Void
    ) throws -> (entries: Int, bytes: Int64) {
        var entries = 0
        var numbers: [String: Int] = [:]
        for (number, layer) in image.layers.enumerated() { numbers[layer.file] = number }
        let budget = Budget(limits, archive: image.size)
        try withArchiveNames {
            let archive = try EntryReader(FileSource(image.path, isCancelled: isCancelled), as: .compressedTar)
            while let file = try archive.nextEntry() {
                guard file.kind == .file, let number = numbers[(try? ArchiveIndex.checked(file.name)) ?? ""] else {
                    continue
                }
                try walk(layer: number, archive, budget, &entries, visit)
            }
        }
        return (entries, budget.bytes)
    }

    private func walk(
        layer number: Int, _ file: EntryReader, _ budget: Budget, _ entries: inout Int,
        _ visit: (_ layer: Int, _ entry: LayerEntry, _ content: EntryReader) throws -> Void
    ) throws {
        let stated = image.layers[number].digest
        do {
            let unpacked = try EntryReader(file, as: .bytes)
            guard try unpacked.nextEntry() != nil else { throw ArchiveError.empty }
            let content = CountedSource(unpacked, hashed: verifies, count: budget.take)
            let reader = try EntryReader(content, as: .tar)
            while let listed = try reader.nextEntry() {
                entries += 1
                guard entries <= limits.entries else { throw ImageError.tooManyEntries(limit: limits.entries) }
                guard let entry = try LayerEntry(listed, layer: stated, limits: limits) else { continue }
                try visit(number, entry, reader)
            }
            guard let found = try content.finish(), found != stated else { return }
            throw ImageError.wrongDigest(image.layers[number].file, stated: "\(stated)", found: "\(found)")
        } catch let error as ArchiveError where !error.isOfMachine {
            throw ImageError.badLayer(stated.short, because: "\(error)")
        } catch is SparseContent {
            throw ImageError.badLayer(stated.short, because: "it has holes")
        }
    }
}
