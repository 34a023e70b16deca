import Glibc
import NIOCore

/// Finds the one file in a multipart/form-data body (RFC 7578) while it streams by; nothing of it is kept.
///
/// Bytes in, bytes of the file out. The first part with a file name, or named `file`, is the file; other parts
/// are passed over.
struct MultipartFile {
    /// What is wrong with a body.
    enum Malformed: Error { case header, endsEarly, noFile }

    private enum State {
        /// Before the first boundary.
        case preamble
        case header
        case content(isFile: Bool)
        case finished
    }

    private static let longestHeader = 16 * 1024
    private let delimiter: [UInt8]
    private var state = State.preamble
    private var pending: ByteBuffer
    private var hasFile = false
    /// What the file is called by its sender; known when its content begins.
    private(set) var fileName: String?

    /// `nil` for a content type without a usable boundary.
    init?(contentType: String) {
        guard let boundary = parameter("boundary", of: contentType), (1...70).contains(boundary.utf8.count) else {
            return nil
        }
        delimiter = Array("\r\n--\(boundary)".utf8)
        // The first boundary may have no line break before it; with one put there all boundaries are alike.
        pending = ByteBuffer(string: "\r\n")
    }

    /// The file's bytes that this piece of the body completes.
    mutating func feed(_ piece: ByteBuffer) throws(Malformed) -> ByteBuffer {
        var piece = piece
        pending.writeBuffer(&piece)
        var content = ByteBuffer()
        while try step(&content) {}
        pending.discardReadBytes()
        return content
    }

    /// Says at the end of the body whether there was a whole file.
    func finish() throws(Malformed) {
        guard case .finished = state else { throw .endsEarly }
        guard hasFile else { throw .noFile }
    }

    /// One step on; `false` when more of the body is needed.
    private mutating func step(_ content: inout ByteBuffer) throws(Malformed) -> Bool {
        switch state {
        case .preamble, .content(isFile: false): return readContent().hasEnded
        case .content(isFile: true):
            var (part, hasEnded) = readContent()
            content.writeBuffer(&part)
            return hasEnded
        case .header: return try readHeader()
        case .finished:
            pending.clear()
            return false
        }
    }

    /// What certainly is content, and whether the boundary after it was there.
    private mutating func readContent() -> (part: ByteBuffer, hasEnded: Bool) {
        if let position = pending.readableBytesView.position(of: delimiter) {
            let part = pending.readSlice(length: position)!
            pending.moveReaderIndex(forwardBy: delimiter.count)
            state = .header
            return (part, true)
        }
        // The end of what is there may be the beginning of a boundary: it stays.
        return (pending.readSlice(length: max(0, pending.readableBytes - delimiter.count + 1))!, false)
    }

    private mutating func readHeader() throws(Malformed) -> Bool {
        let view = pending.readableBytesView
        if view.starts(with: Array("--".utf8)) {
            state = .finished
            return true
        }
        guard let end = view.position(of: Array("\r\n\r\n".utf8)) else {
            guard view.count <= Self.longestHeader else { throw .header }
            return false
        }
        let text = pending.readString(length: end)!
        pending.moveReaderIndex(forwardBy: 4)
        let disposition = text.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-disposition:") }
        let name = disposition.flatMap { parameter("filename", of: $0) }
        // Some clients name the field and not the file.
        let isNamed = disposition.flatMap { parameter("name", of: $0) } == "file"
        let isFile = (name != nil || isNamed) && !hasFile
        if isFile {
            hasFile = true
            fileName = name
        }
        state = .content(isFile: isFile)
        return true
    }
}

extension ByteBufferView {
    /// How many bytes come before the first `pattern`.
    fileprivate func position(of pattern: [UInt8]) -> Int? {
        withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress else { return nil }
            var start = 0
            while bytes.count - start >= pattern.count,
                let found = memchr(base + start, Int32(pattern[0]), bytes.count - start - pattern.count + 1)
            {
                if memcmp(found, pattern, pattern.count) == 0 { return UnsafeRawPointer(found) - base }
                start = UnsafeRawPointer(found) - base + 1
            }
            return nil
        }
    }
}

/// The value of `name="value"` or `name=value` in a header.
private func parameter(_ name: String, of header: some StringProtocol) -> String? {
    for part in header.split(separator: ";").dropFirst() {
        let pair = part.split(separator: "=", maxSplits: 1)
        guard pair.count == 2, pair[0].trimmed.lowercased() == name else { continue }
        let value = pair[1].trimmed
        return value.hasPrefix("\"") && value.hasSuffix("\"") && value.count >= 2
            ? String(value.dropFirst().dropLast()) : String(value)
    }
    return nil
}

extension StringProtocol {
    fileprivate var trimmed: SubSequence {
        let start = drop { $0.isWhitespace }
        return start[..<(start.lastIndex { !$0.isWhitespace }.map { start.index(after: $0) } ?? start.startIndex)]
    }
}
