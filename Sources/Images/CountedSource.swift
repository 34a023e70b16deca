import Archives

/// Passes bytes on, with their digest where that is wanted, and stops where there are more than allowed.
final class CountedSource: ByteSource {
    private let source: any ByteSource
    private let hashing: Hashing?
    /// Is told of each piece, and throws when it is one too many.
    private let count: (Int) throws -> Void

    init(_ source: any ByteSource, hashed: Bool, count: @escaping (Int) throws -> Void = { _ in }) {
        self.source = source
        hashing = hashed ? Hashing() : nil
        self.count = count
    }

    func next() throws -> UnsafeRawBufferPointer? {
        guard let piece = try source.next() else { return nil }
        try count(piece.count)
        hashing?.add(piece)
        return piece
    }

    /// Reads what is left, and says what all of it was; `nil` where nobody wanted to know.
    func finish() throws -> Digest? {
        guard let hashing else { return nil }
        while try next() != nil {}
        return hashing.finish()
    }
}

/// How many bytes all layers of one reading may still unpack to.
final class Budget {
    private let limit: Int64
    private let error: ArchiveError
    private(set) var bytes: Int64 = 0

    init(_ limits: ImageLimits, archive size: Int64) {
        let byRatio = max(limits.ratioFloor, size.multipliedReportingOverflow(by: limits.ratio).partialValue)
        limit = min(limits.bytes, byRatio)
        error = byRatio < limits.bytes ? .ratio(limit: Int(limits.ratio)) : .tooLarge(limit: limits.bytes)
    }

    func take(_ count: Int) throws {
        bytes += Int64(count)
        guard bytes <= limit else { throw error }
    }
}
