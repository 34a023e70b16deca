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
    /// `port`: the process's own; `file`: where a secret is.
    init(
        _ probe: ProcessDeclaration.Probe, port: Int?, _ placeholders: Placeholders, file: (SecretName) -> String
    ) throws {
        func demandPort() throws -> Int {
            guard let port else {
                throw OperatorError(
                    doing: "resolve the process '\(placeholders.process)'",
                    because: "its probe asks a port, and it has none", next: "give it a 'port'", exit: .usage)
            }
            return port
        }
        func store(
            _ address: ProcessDeclaration.Probe.Address, _ login: ProcessDeclaration.Probe.Login,
            database: String? = nil
        ) -> StoreAddress {
            StoreAddress(
                host: address.host, port: address.port.number, user: login.user,
                passwordFile: login.password.map(file), database: database)
        }
        let check: Check =
            switch probe.check {
            case .http(let address, let path, let method, let statuses, let headers):
                .http(
                    host: address?.host, port: try address?.port.number ?? demandPort(), path: path, method: method,
                    statuses: statuses, headers: headers)
            case .tcp(let address): .tcp(host: address?.host, port: try address?.port.number ?? demandPort())
            case .exec(let command): .exec(command: try command.map(placeholders.resolve))
            case .notify: .notify
            case .unit(let name): .unit(name: name)
            case .redis(let address, let login): .redis(at: store(address, login))
            case .mongodb(let address, let login, let database):
                .mongodb(at: store(address, login, database: database))
            }
        self.init(
            check: check, interval: probe.interval, timeout: probe.timeout, startPeriod: probe.startPeriod,
            failureThreshold: probe.failures, successThreshold: probe.successes)
    }
}
