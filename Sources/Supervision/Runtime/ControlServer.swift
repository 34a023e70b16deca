import CLinux
import Control
import CoreTypes
import Glibc

/// The listening control socket and its conversations.
final class ControlServer {
    static let maximumConversations = 256
    /// When descriptors are scarce, these many conversations go on.
    static let conversationsOfReserve = 8
    private static let pauseWithoutDescriptors = TimeSpan.milliseconds(100)

    let descriptor: Int32
    /// An earlier supervisor's socket was kept for us and is not the one that clients reach.
    let replacesInherited: Bool
    private let path: String
    private let loop: EventLoop
    private let answer: (VarlinkCall, ControlConversation) -> Void
    private var conversations: [Int32: ControlConversation] = [:]
    var count: Int { conversations.count }

    /// The caller holds the run directory's lock, so a socket that is there is a dead supervisor's.
    init(
        path: String, inherited: Int32?, loop: EventLoop,
        answer: @escaping (VarlinkCall, ControlConversation) -> Void
    ) throws(SystemError) {
        self.path = path
        self.loop = loop
        self.answer = answer
        if let inherited, Self.isBound(inherited, to: path) {
            descriptor = inherited
            replacesInherited = false
        } else {
            descriptor = try Self.listen(at: path)
            replacesInherited = inherited != nil
        }
        try watch()
    }

    private func watch() throws(SystemError) { try loop.watch(descriptor) { [unowned self] _ in accept() } }

    /// Clients that come now wait in the socket's queue.
    func pause() { loop.unwatch(descriptor) }

    func resume() {
        // It was watched before, so there is room for it.
        try? watch()
    }

    /// Nobody is in the middle of a conversation; followers never end theirs.
    var isQuiet: Bool { conversations.values.allSatisfy(\.isFollowing) }

    /// Whether an inherited socket is the one that clients reach: the path may have been removed or replaced since.
    static func isBound(_ descriptor: Int32, to path: String) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            close(descriptor)
            return false
        }
        return true
    }

    private static func listen(at path: String) throws(SystemError) -> Int32 {
        unlink(path)
        let flags = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw SystemError("making the control socket") }
        let error = ControlSocketPath.withAddress(path) { address, size in
            bind(descriptor, address, size) == 0 ? 0 : errno
        }
        guard error == 0 else { throw SystemError("binding the control socket '\(path)'", error) }
        let lookers = getgrnam(ControlPermission.lookers)?.pointee.gr_gid
        if let lookers, geteuid() == 0, chown(path, 0, lookers) != 0 {
            throw SystemError("handing the control socket to the group \(ControlPermission.lookers)")
        }
        guard chmod(path, 0o660) == 0, Glibc.listen(descriptor, 128) == 0 else {
            throw SystemError("listening on the control socket '\(path)'")
        }
        return descriptor
    }

    deinit { close(descriptor) }

    /// No new conversations, the present ones end, and so do those that wait in the queue: systemd has the socket too, so
    /// that our end would not be theirs.
    func stop() {
        unlink(path)
        loop.unwatch(descriptor)
        shutdown(descriptor, Int32(SHUT_RDWR))
        while case let client = linux_accept(descriptor), client >= 0 { close(client) }
        for conversation in Array(conversations.values) { conversation.close() }
    }

    /// When clients are let in again, after there was no descriptor for one.
    private(set) var retryAt: Moment?

    func retry(at now: Moment) {
        guard let due = retryAt, due <= now else { return }
        retryAt = nil
        resume()
    }

    private func accept() {
        var client = linux_accept(descriptor)
        if client < 0, errno == EMFILE || errno == ENFILE {
            guard dismiss() else {
                // The client in the queue would wake the loop again and again.
                pause()
                retryAt = SystemClock.now + Self.pauseWithoutDescriptors
                return
            }
            client = linux_accept(descriptor)
        }
        guard client >= 0 else { return }
        let conversation = ControlConversation(client, loop: loop, answer: answer) { [unowned self] descriptor in
            conversations[descriptor] = nil
        }
        conversations[client] = conversation
        do throws(SystemError) { try conversation.start() } catch { return conversation.close() }
        let most = DescriptorReserve.includes(client) ? Self.conversationsOfReserve : Self.maximumConversations
        if conversations.count > most { dismiss(but: conversation) }
    }

    /// Ends the conversation that is missed least: of those who may do least, one that does not follow, the one that
    /// has been silent longest. So a crowd of clients never keeps an operator out.
    @discardableResult
    private func dismiss(but newcomer: ControlConversation? = nil) -> Bool {
        let least = conversations.values.min { a, b in
            if a.permission != b.permission { return a.permission < b.permission }
            if a.isFollowing != b.isFollowing { return b.isFollowing }
            if a.lastActive != b.lastActive { return a.lastActive < b.lastActive }
            return b === newcomer
        }
        least?.close()
        return least != nil
    }
}
