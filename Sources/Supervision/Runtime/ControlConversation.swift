import CLinux
import Control
import Glibc

/// One client of the control socket: whole messages in, replies out, and no way to hold up anybody else.
final class ControlConversation {
    /// A client that lets more than this pile up is slow; followers skip, everything else waits.
    static let maximumOutbox = 1 << 20

    let permission: ControlPermission
    /// Undoes what the conversation holds elsewhere: a follower's registration.
    var onClose: [() -> Void] = []
    private(set) var isClosed = false
    private(set) var isFollowing = false
    /// When it last said or was told something, on the monotonic clock in microseconds.
    private(set) var lastActive = SystemClock.microseconds
    private let descriptor: Int32
    private let loop: EventLoop
    private let answer: (VarlinkCall, ControlConversation) -> Void
    private let closed: (Int32) -> Void
    private var inbox: [UInt8] = []
    private var searched = 0
    private var outbox: [UInt8] = []
    private var sent = 0

    init(
        _ descriptor: Int32, loop: EventLoop, answer: @escaping (VarlinkCall, ControlConversation) -> Void,
        closed: @escaping (Int32) -> Void
    ) {
        self.descriptor = descriptor
        self.loop = loop
        self.answer = answer
        self.closed = closed
        permission = ControlPermission(socket: descriptor)
    }

    func start() throws(SystemError) {
        try loop.watch(descriptor) { [unowned self] events in serve(events) }
    }

    /// One call, so that the conversation is there to its end although it may close itself on the way.
    private func serve(_ events: UInt32) {
        if events & EventLoop.writable != 0 { flush() }
        guard !isClosed else { return }
        if events & (EventLoop.readable | EventLoop.hungUp | EventLoop.broken) != 0 { receive() }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        for undo in onClose { undo() }
        onClose = []
        loop.unwatch(descriptor)
        Glibc.close(descriptor)
        closed(descriptor)
    }

    private var pending: Int { outbox.count - sent }

    private func receive() {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return close() }
        lastActive = SystemClock.microseconds
        // A follower has nothing more to say; it is read only to see it leave.
        if isFollowing { return }
        inbox.append(contentsOf: chunk[..<count])
        process()
    }

    private func process() {
        while !isClosed, !isFollowing, pending == 0 {
            guard let end = inbox[searched...].firstIndex(of: 0) else {
                searched = inbox.count
                if inbox.count > ControlInterface.maximumMessage { close() }
                return
            }
            guard end <= ControlInterface.maximumMessage, let call = VarlinkCall(inbox[..<end]) else { return close() }
            inbox.removeSubrange(...end)
            searched = 0
            answer(call, self)
        }
    }

    // MARK: Replies

    func reply(_ result: Result<JSON, ControlError>, to call: VarlinkCall, continues: Bool = false) {
        guard !call.oneway, !isClosed else { return }
        send(VarlinkReply(result, continues: continues).message)
    }

    func startFollowing() { isFollowing = true }

    /// Whether a follower keeps up; one that does not misses what comes meanwhile.
    var keepsUp: Bool { pending < Self.maximumOutbox }

    private func send(_ message: [UInt8]) {
        lastActive = SystemClock.microseconds
        outbox.append(contentsOf: message)
        flush()
    }

    private func flush() {
        while pending > 0 {
            let count = outbox.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, pending, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                guard errno == EAGAIN else { return close() }
                // Until it has taken its answer it is not asked for more.
                return loop.change(descriptor, to: EventLoop.writable)
            }
            sent += count
        }
        outbox.removeAll(keepingCapacity: outbox.capacity <= 64 << 10)
        sent = 0
        loop.change(descriptor, to: EventLoop.readable)
        if !inbox.isEmpty { process() }
    }
}
