import Glibc

/// Keeps SIGPIPE from ending the program while a library writes to a peer that may be gone.
enum PipeSignal {
    /// Only this thread's mask changes, and a signal that `body` raised is taken back before it is restored.
    static func blocked<Result>(_ body: () -> Result) -> Result {
        var pipe = sigset_t()
        var before = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        pthread_sigmask(SIG_BLOCK, &pipe, &before)
        defer {
            if sigismember(&before, SIGPIPE) == 0 {
                var none = timespec()
                while sigtimedwait(&pipe, nil, &none) == SIGPIPE {}
            }
            pthread_sigmask(SIG_SETMASK, &before, nil)
        }
        return body()
    }
}
