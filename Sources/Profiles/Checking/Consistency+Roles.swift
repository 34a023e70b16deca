import CoreTypes

extension Consistency {
    mutating func checkRole(_ process: ProcessDeclaration, at path: ProfilePath) {
        let place = path + "role"
        if process.role != .server, !process.isSlotted {
            report(
                place, "only a slotted process has a part in a switch", given: [path + "slotted"])
        }
        if process.role.isHook, !process.isOneshot {
            report(place, "a switch waits for its end; add 'oneshot: true'", given: [path + "oneshot"])
        }
        if process.standsBy {
            if process.role != .worker, process.role != .scheduler {
                report(path + "standby", "only a worker or a scheduler waits for its slot to be live", given: [place])
            } else if process.startup?.check != .notify {
                report(
                    path + "standby", "it must say that it waits; add 'probes: {startup: {notify: true}}'",
                    given: [path + "probes"])
            }
        }
        for (index, name) in process.requires.enumerated() {
            guard let other = self.process(named: name), other.isSlotted else { continue }
            let start = other.role
            if start.isHook || !process.role.mayRequire(start) {
                report(
                    path + "requires" + index, "a \(process.role) starts before '\(name)', which is a \(start)",
                    given: [place, ProfilePath(["processes", name.description, "role"])])
            }
        }
    }
}

extension ProcessDeclaration.Role {
    /// Whether a switch starts that one no later than this one.
    fileprivate func mayRequire(_ other: Self) -> Bool {
        switch self {
        case .server, .smoke, .migration: other == .server
        case .worker: other == .server || other == .worker
        case .scheduler: !other.isHook
        }
    }
}
