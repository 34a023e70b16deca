import CLinux
import Glibc

/// Tells when the clock on the wall is set, without ever waking up for anything else.
final class ClockWatch {
    private let descriptor: Int32
    private let loop: EventLoop

    /// A timer that never comes, and that the kernel cancels whenever the clock is set (timerfd_create(2)).
    init(loop: EventLoop, changed: @escaping () -> Void) throws(SystemError) {
        self.loop = loop
        descriptor = linux_clock_watch()
        guard descriptor >= 0 else { throw SystemError("making a timer") }
        try loop.watch(descriptor) { [descriptor] _ in
            linux_clock_rearm(descriptor)
            changed()
        }
    }

    deinit {
        loop.unwatch(descriptor)
        close(descriptor)
    }
}
