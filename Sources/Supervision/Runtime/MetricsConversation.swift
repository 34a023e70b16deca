import CLinux
import Control
import Glibc

/// One request and its answer.
final class MetricsConversation {
    private static let maximumRequest = 8 << 10

    let deadline: Moment
    private let descriptor: Int32
    private let loop: EventLoop
    private let text: () -> [UInt8]
    private let closed: (Int32) -> Void
    private var request: [UInt8] = []
    private var answer: [UInt8] = []
    private var sent = 0
    private var isClosed = false

    init(
        _ descriptor: Int32, loop: EventLoop, deadline: Moment, text: @escaping () -> [UInt8],
        closed: @escaping (Int32) -> Void
    ) {
        self.descriptor = descriptor
        self.loop = loop
        self.deadline = deadline
        self.text = text
        self.closed = closed
    }

    func start() throws(SystemError) {
        try loop.watch(descriptor) { [unowned self] events in
            if events & EventLoop.writable != 0 { return send() }
            receive()
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        closed(descriptor)
    }

    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return close() }
        // It was answered; what it still says is read until it leaves.
        guard answer.isEmpty else { return }
        request.append(contentsOf: chunk[..<count])
        if let head = HTTPRequestHead(request) {
            answer = head.answer(text)
            send()
        } else if request.count > Self.maximumRequest {
            answer = HTTPRequestHead.answer("431 Request Header Fields Too Large")
            send()
        }
    }

    private func send() {
        while sent < answer.count {
            let count = answer.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, answer.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return close() }
                return loop.change(descriptor, to: EventLoop.writable)
            }
            sent += count
        }
        // The client closes first: closing over what it has not read would take the answer back.
        shutdown(descriptor, Int32(SHUT_WR))
        loop.change(descriptor, to: EventLoop.readable)
    }
}
