package import CoreTypes
import Glibc

/// One blocking connection to the control socket, closed when nobody holds it any more.
package final class ControlConnection {
    private let descriptor: Int32
    private let doing: String
    private let path: String
    private let timeout: TimeSpan
    private var received: [UInt8] = []
    private var searched = 0

    package init(_ path: String, timeout: TimeSpan, doing: String) throws(OperatorError) {
        self.doing = doing
        self.path = path
        self.timeout = timeout
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        guard descriptor >= 0 else { throw Self.failure(doing, path, errno) }
        setTimeouts(timeout)
        let error = ControlSocketPath.withAddress(path) { address, size in
            Glibc.connect(descriptor, address, size) == 0 ? 0 : errno
        }
        // deinit closes: every stored property is set by now.
        guard error == 0 else { throw Self.failure(doing, path, error) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func failure(_ doing: String, _ path: String, _ error: Int32) -> OperatorError {
        switch error {
        case ENOENT, ECONNREFUSED, EAGAIN, ENOTDIR:
            return OperatorError(
                doing: doing, because: "no supervisor answers at \(path)",
                next: "start it, or name the root it runs under with --root", exit: .retry)
        case EACCES, EPERM:
            return OperatorError(
                doing: doing, because: "you are not allowed to speak to the supervisor at \(path)",
                next: "ask as root, or join the group bedplate to look")
        default:
            return OperatorError(doing: doing, because: "\(path): \(String(cString: strerror(error)))", exit: .retry)
        }
    }

    /// From now on an answer may take as long as it likes.
    package func waitWithoutLimit() throws(OperatorError) { setTimeouts(.zero) }

    private func setTimeouts(_ span: TimeSpan) {
        var time = timeval(tv_sec: Int(span.milliseconds / 1000), tv_usec: Int(span.milliseconds % 1000 * 1000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    package func send(_ message: [UInt8]) throws(OperatorError) {
        guard message.count <= ControlInterface.maximumMessage else {
            throw OperatorError(
                doing: doing,
                because: "the message has \(message.count) bytes, and \(ControlInterface.maximumMessage) are allowed")
        }
        var sent = 0
        while sent < message.count {
            let count = message.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, message.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw broken(errno)
            }
            sent += count
        }
    }

    /// The next message, without its NUL.
    package func receive() throws(OperatorError) -> [UInt8] {
        while true {
            if let end = received[searched...].firstIndex(of: 0) {
                let message = Array(received[..<end])
                received.removeSubrange(...end)
                searched = 0
                return message
            }
            searched = received.count
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &chunk, chunk.count, 0)
            if count > 0 {
                received.append(contentsOf: chunk[..<count])
            } else if count == 0 {
                throw OperatorError(doing: doing, because: "the supervisor ended the conversation", exit: .retry)
            } else if errno != EINTR {
                throw broken(errno)
            }
        }
    }

    private func broken(_ error: Int32) -> OperatorError {
        if error == EAGAIN || error == EWOULDBLOCK {
            return OperatorError(
                doing: doing, because: "the supervisor did not answer within \(timeout)",
                next: "try again; its log is bedplated.log", exit: .retry)
        }
        return OperatorError(
            doing: doing, because: "the supervisor at \(path) went away: \(String(cString: strerror(error)))",
            exit: .retry)
    }
}
