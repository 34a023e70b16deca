import Glibc

/// A peer that is gone is an error of the call that wrote to it, not the end of the program.
enum BrokenPipes {
    static let areErrors: Void = { signal(SIGPIPE, SIG_IGN) }()
}
