import Glibc
package import SystemPackage

/// Unpacks an archive that a stranger made into a folder that does not exist yet or is empty.
///
/// Nothing is written outside of the folder, links and special files are refused, what is written is bounded by
/// `limits`, and after an error nothing is left of it. Files are 0600 (0700 with `keepsExecutableBit`, where the
/// archive says so), directories 0700. `isCancelled` is asked at every block.
package func unpackArchive(
    _ archive: FilePath, into folder: FilePath, limits: UnpackLimits, formats: [ArchiveFormat] = [.zip],
    keepsExecutableBit: Bool = false, isCancelled: () -> Bool
) throws(ArchiveError) -> UnpackSummary {
    try withUTF8Names { () throws(ArchiveError) in
        var reader = try ArchiveReader(archive, formats: formats)
        try reader.begin(limits: limits)
        var target = try FreshFolder(folder)
        do throws(ArchiveError) {
            return try unpack(
                &reader, into: &target, limits: limits, keepsExecutableBit: keepsExecutableBit,
                isCancelled: isCancelled)
        } catch {
            target.discard()
            throw error
        }
    }
}

private func unpack(
    _ reader: inout ArchiveReader, into folder: inout FreshFolder, limits: UnpackLimits, keepsExecutableBit: Bool,
    isCancelled: () -> Bool
) throws(ArchiveError) -> UnpackSummary {
    var summary = UnpackSummary()
    while let entry = try reader.next() {
        guard !isCancelled() else { throw .cancelled }
        guard !entry.isEncrypted else { throw .encrypted(name: entry.rawName) }
        let name = try entry.name()
        switch entry.kind {
        case .link: throw .link(name: name.text)
        case .special: throw .specialFile(name: name.text)
        case .directory: try folder.makeDirectory(name, limit: limits.maximumFiles)
        case .file(let executable):
            guard !name.components.isEmpty else { throw .badName(entry.rawName, because: .empty) }
            let mode: mode_t = executable && keepsExecutableBit ? 0o700 : 0o600
            let file = try folder.makeFile(name, mode: mode, limit: limits.maximumFiles)
            defer { close(file) }
            let written = summary.bytes
            var end: Int64 = 0
            try reader.forEachBlock { bytes, offset throws(ArchiveError) in
                guard !isCancelled() else { throw .cancelled }
                // The file's length, holes included: a sparse entry counts as what it pretends to be.
                end = max(end, try sum(offset, Int64(bytes.count), limit: limits.maximumBytes))
                let total = try sum(written, end, limit: limits.maximumBytes)
                guard total <= UnpackLimits.ratioFloor || total / Int64(limits.maximumRatio) <= reader.size else {
                    throw .ratio(limit: limits.maximumRatio)
                }
                try write(bytes, to: file, at: offset, name: name)
            }
            summary.files += 1
            summary.bytes += end
        }
    }
    guard summary.files > 0 else { throw .noFiles }
    return summary
}

private func sum(_ a: Int64, _ b: Int64, limit: Int64) throws(ArchiveError) -> Int64 {
    let (total, overflow) = a.addingReportingOverflow(b)
    guard !overflow, a >= 0, b >= 0, total <= limit else { throw .tooLarge(limit: limit) }
    return total
}

private func write(
    _ bytes: UnsafeRawBufferPointer, to file: CInt, at offset: Int64, name: EntryName
) throws(ArchiveError) {
    var done = 0
    while done < bytes.count {
        let count = pwrite(file, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
        if count < 0 {
            if errno == EINTR { continue }
            throw failure(writing: name.text)
        }
        done += count
    }
}
