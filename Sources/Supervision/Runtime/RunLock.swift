import CLinux
import CoreTypes
import Glibc

/// One supervisor for each run directory: held by flock(2), so it is free the moment its holder dies.
final class RunLock {
    let descriptor: Int32

    /// `inherited`: our earlier image held the lock, and so does this one.
    init(directory: String, inherited: Int32? = nil) throws(OperatorError) {
        if let inherited {
            descriptor = inherited
            return
        }
        let path = "\(directory)/lock"
        let doing = "start the supervisor"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw OperatorError(doing: doing, because: "\(SystemError("opening '\(path)'"))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let number = errno
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, pread(descriptor, &text, text.count, 0))
            close(descriptor)
            guard number == EWOULDBLOCK else {
                throw OperatorError(doing: doing, because: "\(SystemError("locking '\(path)'", number))")
            }
            let holder = String(decoding: text[..<count].prefix { $0 != 0x0A }, as: UTF8.self)
            throw OperatorError(
                doing: doing, because: "the supervisor with pid \(holder) already runs this stack (it holds \(path))",
                next: "stop it first, or use the one that runs", exit: .retry)
        }
        self.descriptor = descriptor
        ftruncate(descriptor, 0)
        let pid = Array("\(getpid())\n".utf8)
        pwrite(descriptor, pid, pid.count, 0)
    }

    deinit { close(descriptor) }
}
