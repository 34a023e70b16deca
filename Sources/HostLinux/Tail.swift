import Subprocess
import Synchronization

/// The last bytes of a stream that is read to its end, each line of which is told as it comes.
final class Tail: Sendable {
    private let limit: Int
    private let listener: @Sendable (String) -> Void
    private let bytes = Mutex<[UInt8]>([])
    /// Of the line that is not over; what is longer is told in parts.
    private let line = Mutex<[UInt8]>([])
    private static let longest = 4096

    init(limit: Int, hearing listener: @escaping @Sendable (String) -> Void) {
        self.limit = limit
        self.listener = listener
    }

    var text: String { bytes.withLock { String(decoding: $0.suffix(limit), as: UTF8.self) } }

    func drain(_ stream: SubprocessOutputSequence) async throws {
        for try await chunk in stream { chunk.withUnsafeBytes(take) }
        tell(line.withLock { $0 })
    }

    private func take(_ new: UnsafeRawBufferPointer) {
        bytes.withLock { kept in
            kept.append(contentsOf: new)
            // Twice the limit, so that a long stream moves each byte once and not at every chunk.
            if kept.count > 2 * limit { kept.removeFirst(kept.count - limit) }
        }
        let whole = line.withLock { line -> [[UInt8]] in
            line.append(contentsOf: new)
            // What is written over on a screen is a line of its own here.
            let ends = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
            var parts = line.split(omittingEmptySubsequences: false, whereSeparator: ends.contains)
            line = Array(parts.removeLast())
            if line.count > Self.longest {
                parts.append(line[...])
                line = []
            }
            return parts.map(Array.init)
        }
        whole.forEach(tell)
    }

    private func tell(_ line: [UInt8]) {
        guard !line.isEmpty else { return }
        listener(String(decoding: line, as: UTF8.self))
    }
}
