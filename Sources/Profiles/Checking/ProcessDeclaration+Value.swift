import CoreTypes

extension ProcessDeclaration {
    /// Makes a process from values that have their shapes; `nil` when its name is none, which was reported.
    init?(key: String, value: Value) {
        guard let name = try? ProcessName(key) else { return nil }
        self.init(
            name: name, isSlotted: value["slotted"].boolean, isOneshot: value["oneshot"].boolean,
            schedule: value.ifPresent("schedule")?.schedule, command: value["command"].items.map(\.string),
            environment: value["environment"].dictionary(\.string),
            port: value.ifPresent("port")?.string, credentials: value["credentials"].items.map(\.secret),
            secretEnvironment: value["secret_environment"].dictionary(\.secret),
            user: value.ifPresent("user")?.string, group: value.ifPresent("group")?.string,
            requires: value["requires"].items.map(\.process), after: value["after"].items.map(\.process),
            restart: Restart(value["restart"]), startup: value["probes"].ifPresent("startup").flatMap(Probe.init),
            readiness: value["probes"].ifPresent("readiness").flatMap(Probe.init),
            liveness: value["probes"].ifPresent("liveness").flatMap(Probe.init),
            stop: value["stop"].items.map {
                StopSignal(signal: $0["signal"].string, wait: $0["wait"].time, target: named($0["to"]))
            },
            logs: Logs(value["logs"]), child: Child(value), role: named(value["role"]),
            standsBy: value["standby"].boolean)
    }
}

extension ProcessDeclaration.Restart {
    fileprivate init(_ value: Value) {
        self.init(
            mode: named(value["mode"]), initial: value["initial"].time, maximum: value["maximum"].time,
            resetAfter: value["reset_after"].time,
            limit: value.ifPresent("limit").map {
                StartLimit(count: $0["count"].integer, window: $0["window"].time)
            })
    }
}

extension ProcessDeclaration.Logs {
    fileprivate init(_ value: Value) {
        self.init(
            maximumSize: value["maximum_size"].size, keep: value["keep"].integer,
            timestamps: value["timestamps"].boolean, maximumAge: value["maximum_age"].time,
            maximumTotal: value["maximum_total"].size, format: named(value["format"]),
            journal: value["journal"].boolean, logstash: value["logstash"].boolean)
    }
}

extension ProcessDeclaration.Probe {
    /// `nil` when it does not say what to check, which `Consistency` reports.
    fileprivate init?(_ value: Value) {
        let check: Check
        let login = Login(user: value.ifPresent("user")?.string, password: value.ifPresent("password")?.secret)
        let address = value.ifPresent("address").map(Address.init)
        if let path = value.ifPresent("http") {
            check = .http(
                at: address, path: path.string, method: value["method"].string,
                statuses: value["statuses"].items.map(\.integer),
                headers: value["headers"].dictionary(\.string))
        } else if value.ifPresent("tcp") != nil {
            check = .tcp(at: address)
        } else if let command = value.ifPresent("exec") {
            check = .exec(command: command.items.map(\.string))
        } else if value.ifPresent("notify") != nil {
            check = .notify
        } else if let unit = value.ifPresent("unit") {
            check = .unit(name: unit.string)
        } else if let store = value.ifPresent("redis") {
            check = .redis(at: Address(store), login)
        } else if let store = value.ifPresent("mongodb") {
            check = .mongodb(at: Address(store), login, database: value["database"].string)
        } else {
            return nil
        }
        self.init(
            check: check, interval: value["interval"].time, timeout: value["timeout"].time,
            startPeriod: value["start_period"].time, failures: value["failures"].integer,
            successes: value["successes"].integer)
    }
}

extension ProcessDeclaration.Probe.Address {
    fileprivate init(_ value: Value) {
        let (host, port) = value.listen
        self.init(host: host, port: port)
    }
}
