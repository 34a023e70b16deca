package import CoreTypes
import Hummingbird
import Logging
import NIOCore
import NIOPosix

/// Where a server program listens, and how it runs there until it is told to stop.
package struct ListenAddress: Sendable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int, program: String) throws(OperatorError) {
        guard (1...65_535).contains(port) else {
            throw OperatorError(
                doing: "start cspm \(program)", because: "\(port) is not a port", next: "use a number from 1 to 65535",
                exit: .usage)
        }
        self.host = host
        self.port = port
    }

    /// Serves until SIGTERM or SIGINT; then it accepts nothing new and finishes the requests that are open.
    func serve<Responder: HTTPResponder>(_ responder: Responder, program: String, logger: Logger) async throws
    where Responder.Context: InitializableFromSource<ApplicationRequestContextSource> {
        let application = Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(75))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            logger: logger)
        do {
            try await application.runService()
        } catch let error as IOError {
            let isTaken = error.errnoCode == EADDRINUSE
            throw OperatorError(
                doing: "start cspm \(program)",
                because: isTaken ? "port \(port) on \(host) is taken" : "\(host):\(port) cannot be listened on",
                next: isTaken ? "stop the program that holds it, or choose another with --port" : nil, cause: error)
        }
    }
}
