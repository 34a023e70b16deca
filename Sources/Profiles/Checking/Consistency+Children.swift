import CoreTypes

extension Consistency {
    mutating func checkChild(_ process: ProcessDeclaration, at path: ProfilePath) {
        for (index, file) in process.child.environmentFiles.enumerated() {
            let place = path + "environment_files" + index
            checkFile(file.hasPrefix("-") ? String(file.dropFirst()) : file, of: process, at: place)
        }
        checkFile(process.child.workingDirectory, of: process, at: path + "working_directory")
        if process.child.umask > 0o777 { report(path + "umask", "only the bits of 0777 can be taken away") }
        if let cpu = value(path)["limits"].ifPresent("cpu"),
            process.child.limits.cpu == nil || !cpu.string.hasSuffix("%")
        {
            report(path + "limits" + "cpu", "'\(cpu.string)' is not \(TextRule.percentage.expected)")
        }
        for (key, value) in value(path).ifPresent("resource_limits")?.pairs ?? [] {
            guard let kind = ResourceLimit.Kind(rawValue: key) else { continue }
            do throws(InvalidQuantity) { _ = try ResourceLimit(kind, value.string) } catch {
                report(path + "resource_limits" + key, "\(error)")
            }
        }
        checkSockets(process, at: path + "sockets")
    }

    private func value(_ path: ProfilePath) -> Value {
        path.parts.reduce(root) { value, part in value[part] }
    }

    private mutating func checkFile(_ text: String, of process: ProcessDeclaration, at place: ProfilePath) {
        checkPlaceholders(in: text, of: process, at: place)
        let folders = Placeholder.allCases.filter(\.isFolder).map { "{\($0.rawValue)}" }
        let isBelowFolder = folders.contains { text == $0 || text.hasPrefix($0 + "/") }
        if !text.hasPrefix("/"), !isBelowFolder, Placeholder.unknown(in: text).isEmpty {
            report(
                place, "'\(text)' must be absolute or begin with \(folders.map { $0 + "/" }.joined(separator: ", "))")
        }
    }

    private mutating func checkSockets(_ process: ProcessDeclaration, at path: ProfilePath) {
        let owner = ProfilePath(["processes", process.name.description])
        if process.child.sockets.count > ListeningSocket.maximum {
            report(path, "a process can be handed at most \(ListeningSocket.maximum) sockets")
        }
        for (name, _) in value(path).pairs {
            let kinds = ["port", "listen"].filter { isWritten(path + name + $0) }
            guard kinds.count != 1 else { continue }
            report(
                path + name, "a socket has either a port or listen, not \(kinds.isEmpty ? "none" : "both")",
                given: [path + name + "port", path + name + "listen"])
        }
        var ports: Set<String> = []
        for socket in process.child.sockets {
            let place = path + socket.name
            switch socket.place {
            case .port(let port):
                checkSlotPort(port, of: process, at: place + "port")
                if !ports.insert(port).inserted {
                    report(place + "port", "'\(process.name)' already has a socket at the port '\(port)'")
                }
            case .address(let address, _):
                guard process.isSlotted else { continue }
                report(
                    place + "listen",
                    "'\(process.name)' is in both slots, and only one of them could listen at \(address); use a port",
                    given: [owner + "slotted"])
            }
        }
    }

    private mutating func checkSlotPort(_ port: String, of process: ProcessDeclaration, at place: ProfilePath) {
        let slotted = ProfilePath(["processes", process.name.description, "slotted"])
        guard process.isSlotted else {
            report(place, "'\(process.name)' is outside the slots, and only slots have ports", given: [slotted])
            return
        }
        for slot in Slot.allCases where profile.slots[slot]?[port] == nil {
            let others = profile.slots[slot].map { Array($0.keys) } ?? []
            report(
                place, "slot '\(slot)' has no port '\(port)'", suggestion: others.closest(to: port),
                given: [ProfilePath(["slots", slot.rawValue]), ProfilePath(["slots", slot.rawValue, port])])
        }
        for other in profile.processes where other.name != process.name {
            let isSocket = other.child.sockets.contains { $0.place == .port(port) } && other.name < process.name
            if other.port == port || isSocket { report(place, "'\(other.name)' already listens on the port '\(port)'") }
        }
    }

    /// Sockets at addresses of their own take their ports from everybody.
    mutating func checkSocketPorts(_ holders: inout [Port: String]) {
        for process in profile.processes {
            for socket in process.child.sockets {
                guard case .address(_, let port) = socket.place else { continue }
                let place = ProfilePath(["processes", process.name.description, "sockets", socket.name, "listen"])
                if let holder = holders.updateValue("'\(socket.name)' of \(process.name)", forKey: port) {
                    report(place, "port \(port) is taken by \(holder)")
                }
            }
        }
    }
}
