import Control
import CoreTypes
import Profiles

extension RestartPolicy {
    init(_ restart: ProcessDeclaration.Restart) {
        let mode: Mode =
            switch restart.mode {
            case .always: .always
            case .onFailure: .onFailure
            case .never: .never
            }
        self.init(
            mode: mode, initial: restart.initial, maximum: restart.maximum, resetAfter: restart.resetAfter,
            limit: restart.limit.map { StartLimit(count: $0.count, window: $0.window) })
    }
}

extension ProbeSpec {
    /// `port`: the process's own.
    init(_ probe: ProcessDeclaration.Probe, port: Int?, _ placeholders: Placeholders) throws {
        func demandPort() throws -> Int {
            guard let port else {
                throw OperatorError(
                    doing: "resolve the process '\(placeholders.process)'",
                    because: "its probe asks a port, and it has none", next: "give it a 'port'", exit: .usage)
            }
            return port
        }
        let check: Check =
            switch probe.check {
            case .http(let path, let method, let statuses, let headers):
                .http(port: try demandPort(), path: path, method: method, statuses: statuses, headers: headers)
            case .tcp: .tcp(port: try demandPort())
            case .exec(let command): .exec(command: try command.map(placeholders.resolve))
            }
        self.init(
            check: check, interval: probe.interval, timeout: probe.timeout, startPeriod: probe.startPeriod,
            failureThreshold: probe.failures, successThreshold: probe.successes)
    }
}
