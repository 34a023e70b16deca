import CoreTypes
import Host
import SystemPackage

extension ProcessRunner {
    /// Runs a command that has to succeed; `doing` completes "cannot …".
    func demand(_ command: Command, doing: String, timeout: Duration) async throws {
        let result = try await run(command, timeout: timeout)
        guard result.status == .exited(0) else {
            let said = result.lastLines(5)
            throw OperatorError(
                doing: doing, because: "\(command.executable) failed: \(said)",
                cause: HostError.ended(command: command.executable.string, how: "failed", said: said))
        }
    }
}
