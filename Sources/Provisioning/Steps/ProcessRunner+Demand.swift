import CoreTypes
import Host

extension ProcessRunner {
    /// Runs a command that has to succeed; `doing` completes "cannot …".
    func demand(_ command: Command, doing: String, timeout: Duration) async throws {
        let result = try await run(command, timeout: timeout)
        guard result.status == .exited(0) else {
            throw OperatorError(doing: doing, because: "\(command.executable) failed: \(result.lastLines(5))")
        }
    }
}
