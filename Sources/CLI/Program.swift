import ArgumentParser
import CoreTypes
import FoundationEssentials

/// `bedplate` from its argument vector to its exit code.
package enum Program {
    /// Parses, runs and renders; every failure becomes one sentence and an exit code.
    package static func run(_ arguments: [String], as invocation: Invocation) async -> Int32 {
        let failed = Failure(json: arguments.contains("--json"), verbose: arguments.contains("--verbose"))
        do {
            let command = try Bedplate.parseAsRoot(arguments)
            try await Invocation.$current.withValue(invocation) {
                if var asynchronous = command as? any AsyncParsableCommand {
                    try await asynchronous.run()
                } else {
                    var synchronous = command
                    try synchronous.run()
                }
            }
            return CoreTypes.ExitCode.done.rawValue
        } catch let ended as Ended {
            return ended.exit.rawValue
        } catch let error as OperatorError {
            failed.render(error, to: invocation.terminal)
            return error.exit.rawValue
        } catch {
            return failed.renderOther(error, arguments, to: invocation.terminal)
        }
    }
}

/// How a failure is said: as text, or as JSON when the command was asked for JSON.
private struct Failure {
    let json: Bool
    let verbose: Bool

    private struct Body: Encodable {
        struct Parts: Encodable {
            let doing: String
            let because: String
            let next: String?
            let exit: Int32
        }
        let error: Parts
    }

    func render(_ error: OperatorError, to terminal: any Terminal) {
        let parts = Body.Parts(
            doing: error.doing, because: error.because, next: error.next, exit: error.exit.rawValue)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        if json, let body = try? encoder.encode(Body(error: parts)) {
            terminal.result(String(decoding: body, as: UTF8.self))
            return
        }
        terminal.failure(error.description)
        if verbose, let cause = error.cause { terminal.failure("  cause: \(cause)") }
    }

    /// The parser's own messages (help, usage), and errors that reached the top without a sentence of ours.
    func renderOther(_ error: any Error, _ arguments: [String], to terminal: any Terminal) -> Int32 {
        let code = Bedplate.exitCode(for: error)
        switch code {
        case .success: terminal.result(Bedplate.fullMessage(for: error))
        case .failure:
            let command = arguments.prefix { !$0.hasPrefix("-") }
            render(
                OperatorError(
                    doing: "do '\((["bedplate"] + command).joined(separator: " "))'", because: "\(error)", cause: error),
                to: terminal)
        default:
            guard json else {
                terminal.failure(Bedplate.fullMessage(for: error))
                break
            }
            let because = Bedplate.message(for: error)
            render(
                OperatorError(
                    doing: "understand the command", because: because, next: "bedplate --help", exit: .usage),
                to: terminal)
        }
        return code.rawValue
    }
}
