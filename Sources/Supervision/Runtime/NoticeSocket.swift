import CLinux
import Control
import CoreTypes
import Glibc

/// The datagram socket on which our children say how they are (sd_notify(3)): one for all, at a path that stays the
/// same for every image and every successor of this supervisor.
final class NoticeSocket {
    /// Longer datagrams are ignored, as systemd does.
    static let maximumLength = 4096
    /// Datagrams a turn, so that one that never stops talking delays nobody.
    static let perTurn = 64

    let descriptor: Int32
    /// An earlier supervisor's socket was kept for us and is not the one that children reach.
    let replacesInherited: Bool
    private let path: String
    private let loop: EventLoop
    private let deliver: (_ sender: Int32, Notice) -> Void
    private var buffer = [UInt8](repeating: 0, count: NoticeSocket.maximumLength)

    static func path(in directories: Stack.Directories) -> String { "\(directories.run)/notify" }

    /// The caller holds the run directory's lock, so a socket that is there is a dead supervisor's.
    init(
        path: String, inherited: Int32?, loop: EventLoop, deliver: @escaping (_ sender: Int32, Notice) -> Void
    ) throws(SystemError) {
        self.path = path
        self.loop = loop
        self.deliver = deliver
        if let inherited, ControlServer.isBound(inherited, to: path) {
            descriptor = inherited
            replacesInherited = false
        } else {
            descriptor = try Self.open(at: path)
            replacesInherited = inherited != nil
        }
        try loop.watch(descriptor, isBulk: true) { [unowned self] _ in receive() }
    }

    deinit { close(descriptor) }

    /// Everybody may send; whom we listen to is decided by the sender's pid.
    private static func open(at path: String) throws(SystemError) -> Int32 {
        unlink(path)
        let flags = Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, flags, 0)
        guard descriptor >= 0 else { throw SystemError("making the notify socket") }
        var yes: Int32 = 1
        // Before it can be found: a datagram sent earlier would come without its sender.
        setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &yes, socklen_t(MemoryLayout<Int32>.size))
        let mask = umask(0o111)
        let error = ControlSocketPath.withAddress(path) { address, size in
            bind(descriptor, address, size) == 0 ? 0 : errno
        }
        umask(mask)
        guard error == 0 else {
            close(descriptor)
            throw SystemError("binding the notify socket '\(path)'", error)
        }
        return descriptor
    }

    func stop() {
        unlink(path)
        loop.unwatch(descriptor)
    }

    private func receive() {
        for _ in 0..<Self.perTurn {
            var sender: Int32 = 0
            let count = linux_receive_notification(descriptor, &buffer, buffer.count, &sender)
            guard count >= 0 else { return }
            if sender > 0, let notice = Notice(parsing: buffer[..<count]) { deliver(sender, notice) }
        }
    }
}
