import CArchive
import Glibc
package import SystemPackage

/// Gives bytes piece by piece.
package protocol ByteSource: AnyObject {
    /// The next piece, valid until the next call; `nil` at the end.
    func next() throws -> UnsafeRawBufferPointer?
}

/// A file's bytes; `isCancelled` is asked before each piece.
package final class FileSource: ByteSource {
    private static let piece = 256 << 10

    private let file: CInt
    private let path: String
    private let isCancelled: () -> Bool
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 16)
    package let size: Int64

    package init(_ path: FilePath, isCancelled: @escaping () -> Bool = { false }) throws(ArchiveError) {
        file = open(path.string, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        self.path = path.string
        self.isCancelled = isCancelled
        var status = stat()
        // All properties are set: whatever is thrown from here on, deinit tidies up.
        size = file >= 0 && fstat(file, &status) == 0 ? Int64(status.st_size) : -1
        guard size >= 0 else { throw .unreadable(path.string, errno: errno) }
    }

    deinit {
        if file >= 0 { close(file) }
        buffer.deallocate()
    }

    package func next() throws -> UnsafeRawBufferPointer? {
        guard !isCancelled() else { throw ArchiveError.cancelled }
        while true {
            let count = read(file, buffer.baseAddress, Self.piece)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ArchiveError.unreadable(path, errno: errno) }
            return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
        }
    }
}
