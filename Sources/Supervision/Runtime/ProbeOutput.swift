import Glibc

/// What a probe's command prints. Only the end is kept, because its last line says why it failed.
final class ProbeOutput {
    /// In bytes.
    static let kept = 1024
    /// In characters.
    static let maximumLine = 200
    /// Bytes a turn of the loop.
    private static let perTurn = 16 << 10

    private let loop: EventLoop
    private let reader: Int32
    /// What the command writes to; close it once the command has it.
    let writer: Int32
    private var tail: [UInt8] = []
    private var isOpen = true

    init(loop: EventLoop) throws(SystemError) {
        self.loop = loop
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { throw SystemError("making a pipe for its output") }
        (reader, writer) = (ends[0], ends[1])
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        _ = fcntl(reader, F_SETFL, O_NONBLOCK)
        do throws(SystemError) {
            try loop.watch(reader, isBulk: true) { [unowned self] _ in
                if !read(atMost: Self.perTurn) { loop.unwatch(reader) }
            }
        } catch {
            Glibc.close(reader)
            Glibc.close(writer)
            isOpen = false
            throw error
        }
    }

    deinit { close() }

    func close() {
        guard isOpen else { return }
        isOpen = false
        loop.unwatch(reader)
        Glibc.close(reader)
    }

    /// Whether there may be more later.
    private func read(atMost limit: Int) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4096)
        var total = 0
        while total < limit {
            let count = Glibc.read(reader, &chunk, chunk.count)
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            if count == 0 { return false }
            total += count
            tail.append(contentsOf: chunk[..<count])
            if tail.count > Self.kept { tail.removeFirst(tail.count - Self.kept) }
        }
        return true
    }

    /// The last line that is not blank; the command has ended. `nil`: it printed none.
    func lastLine() -> String? {
        // At most what a pipe holds: somebody else may still write.
        if isOpen { _ = read(atMost: 64 << 10) }
        let lines = String(decoding: tail, as: UTF8.self).split(whereSeparator: \.isNewline)
        guard let line = lines.last(where: { !$0.allSatisfy(\.isWhitespace) }) else { return nil }
        let text = String(line.prefix(Self.maximumLine)).withoutControls
        return line.count > Self.maximumLine ? text + "…" : text
    }
}
