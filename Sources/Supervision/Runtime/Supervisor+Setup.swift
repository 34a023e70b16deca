import CLinux
import CoreTypes
import Glibc

extension Supervisor {
    /// 0, 1 and 2 must be taken, or a log pipe becomes somebody's stdin.
    static func standardStreams() throws(SystemError) {
        while true {
            let descriptor = open("/dev/null", O_RDWR)
            guard descriptor >= 0 else { throw SystemError("opening /dev/null") }
            guard descriptor <= 2 else {
                close(descriptor)
                return
            }
        }
    }

    /// Signals arrive as data.
    static func openSignals() throws(SystemError) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        // A file that may not grow is an error of the write (RLIMIT_FSIZE in setrlimit(2)).
        signal(SIGXFSZ, SIG_IGN)
        var set = sigset_t()
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGCHLD] { sigaddset(&set, number) }
        sigprocmask(SIG_BLOCK, &set, nil)
        let descriptor = signalfd(-1, &set, Int32(SFD_NONBLOCK | SFD_CLOEXEC))
        guard descriptor >= 0 else { throw SystemError("making a signalfd") }
        return descriptor
    }
}
