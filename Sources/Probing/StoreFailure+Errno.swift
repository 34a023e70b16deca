import Glibc

extension StoreFailure {
    /// What a failed call on a socket says about the other side.
    init(errno: Int32) {
        self =
            switch errno {
            case ECONNREFUSED: .refused
            case EPIPE, ECONNRESET: .closed
            default: .unreachable(errno: errno)
            }
    }
}
