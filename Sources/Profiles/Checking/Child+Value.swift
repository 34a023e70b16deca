import CoreTypes

extension ProcessDeclaration.Child {
    /// Leaves out what is not well-formed, which `Consistency` reports.
    init(_ value: Value) {
        self.init()
        groups = value["groups"].items.map(\.string)
        environmentFiles = value["environment_files"].items.map(\.string)
        workingDirectory = value["working_directory"].string
        umask = Int(value["umask"].string, radix: 8) ?? 0
        nice = value["nice"].integer
        oomScore = value["oom_score"].integer
        noNewPrivileges = value["no_new_privileges"].boolean
        capabilities = value.ifPresent("capabilities").map { list in
            list.items.compactMap { Capability(rawValue: $0.string) }
        }
        resourceLimits = value["resource_limits"].pairs.compactMap { key, value in
            ResourceLimit.Kind(rawValue: key).flatMap { try? ResourceLimit($0, value.string) }
        }
        let limits = value["limits"]
        self.limits = InstanceLimits(
            memory: limits.ifPresent("memory")?.size,
            cpu: limits.ifPresent("cpu").flatMap { Int($0.string.dropLast()) },
            pids: limits.ifPresent("pids")?.integer)
        sockets = value["sockets"].pairs.compactMap(ProcessDeclaration.Socket.init)
    }
}

extension ProcessDeclaration.Socket {
    fileprivate init?(key: String, value: Value) {
        let backlog = value["backlog"].integer
        if let port = value.ifPresent("port") {
            self.init(name: key, place: .port(port.string), backlog: backlog)
        } else if let (address, port) = value.ifPresent("listen")?.listen {
            let bare = address.hasPrefix("[") ? String(address.dropFirst().dropLast()) : address
            self.init(name: key, place: .address(bare, port), backlog: backlog)
        } else {
            return nil
        }
    }
}
