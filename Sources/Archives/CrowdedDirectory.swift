import Glibc

/// Refuses a ZIP whose directory alone would eat the memory of whoever lists it.
///
/// libarchive holds the whole central directory in memory before it gives out the first entry. Each entry of it opens
/// with the signature below, wherever a reader believes the directory to be, so the signatures in the file bound the
/// entries in memory. A ZIP inside the ZIP has signatures too; hence the slack.
func refuseCrowdedDirectory(of file: CInt, size: Int64, limit: Int) throws(ArchiveError) {
    let slack = 10
    let smallestEntry: Int64 = 46
    let allowed = limit * slack
    guard size / smallestEntry > Int64(allowed) else { return }
    let chunk = 1 << 20
    var buffer = [UInt8](repeating: 0, count: chunk)
    var offset: Int64 = 0
    var found = 0
    while offset + 4 <= size {
        let count = pread(file, &buffer, chunk, off_t(offset))
        guard count >= 4 else { break }
        found += buffer[..<count].withUnsafeBytes(directoryEntries)
        guard found <= allowed else { throw .tooManyFiles(limit: limit) }
        // A signature that lies across two chunks is found in the second.
        offset += Int64(count) - 3
    }
}

private func directoryEntries(in bytes: UnsafeRawBufferPointer) -> Int {
    var count = 0
    var position = 0
    while position + 4 <= bytes.count, let start = bytes.baseAddress,
        let hit = memchr(start + position, 0x50, bytes.count - 3 - position)
    {
        position = UnsafeRawPointer(hit) - start
        if bytes[position + 1] == 0x4B, bytes[position + 2] == 1, bytes[position + 3] == 2 { count += 1 }
        position += 1
    }
    return count
}
