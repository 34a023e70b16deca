/// How a command of ours ends. `usage` and `retry` are sysexits(3)' EX_USAGE and EX_TEMPFAIL.
package enum ExitCode: Int32, Sendable {
    case done = 0
    /// It was tried and it failed.
    case failed = 1
    /// `--check` found something to change.
    case changesPending = 2
    /// You asked wrongly; asking the same again cannot help.
    case usage = 64
    /// Locked, or not ready yet; asking the same later may help.
    case retry = 75
}
