import Glibc

/// A system call that failed: what we were doing, and the errno.
struct SystemError: Error, CustomStringConvertible {
    let doing: String
    let number: Int32

    init(_ doing: String, _ number: Int32 = errno) {
        self.doing = doing
        self.number = number
    }

    /// The system's own words: `No such file or directory`.
    var reason: String { String(cString: strerror(number)) }
    var description: String { "\(doing): \(reason)" }
}
