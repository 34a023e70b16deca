import Glibc

/// Holds one file after the other, so that a scan allocates once.
final class FileBuffer {
    static let largestFile = 10 << 20
    private let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: largestFile + 1)

    deinit { memory.deallocate() }

    /// The content, valid until the next call, or why there is none to scan.
    func read(_ file: CInt) -> Result<Bytes, Skip> {
        do throws(Skip) {
            // Enough to see that a file is binary, before reading all of it for nothing.
            var count = try fill(file, from: 0, to: 64 << 10)
            let start = Bytes(start: memory, count: count)
            if let reason = Self.reasonToSkip(start) { throw Skip(reason) }
            count = try fill(file, from: count, to: Self.largestFile + 1)
            guard count <= Self.largestFile else { throw Skip(.tooLarge) }
            return .success(Bytes(start: memory, count: count))
        } catch {
            return .failure(error)
        }
    }

    /// What the beginning of a content says against looking for text in it.
    static func reasonToSkip(_ start: Bytes) -> SkipReason? {
        let mark = start.prefix(2)
        if mark.elementsEqual([0xFF, 0xFE]) || mark.elementsEqual([0xFE, 0xFF]) { return .utf16 }
        return start.prefix(8 << 10).contains(0) ? .binary : nil
    }

    /// Reads until the file ends or `limit` bytes are there, and returns how many are.
    private func fill(_ file: CInt, from start: Int, to limit: Int) throws(Skip) -> Int {
        var count = start
        while count < limit {
            let got = Glibc.read(file, memory + count, limit - count)
            if got < 0, errno == EINTR { continue }
            guard got >= 0 else { throw Skip(.unreadable) }
            if got == 0 { break }
            count += got
        }
        return count
    }

    struct Skip: Error {
        let reason: SkipReason
        init(_ reason: SkipReason) { self.reason = reason }
    }
}
