import CoreTypes

extension Consistency {
    mutating func checkPorts() {
        var holders: [Port: String] = [:]
        let listen = ProfilePath(["front_door", "listen"])
        if !broken.contains(listen) { holders[profile.frontDoor.port] = "the front door" }
        checkTLS(&holders)
        checkPreview(&holders)
        checkMetrics(&holders)
        for (slot, ports) in root["slots"].pairs {
            for (name, value) in ports.pairs {
                let path = ProfilePath(["slots", slot, name])
                guard !broken.contains(path) else { continue }
                if let holder = holders[value.port] {
                    report(path, "port \(value.port) is taken by \(holder)")
                } else {
                    holders[value.port] = "'\(name)' of \(slot)"
                }
            }
        }
        checkSocketPorts(&holders)
        var owners: [String: ProcessName] = [:]
        for process in profile.processes {
            guard let port = process.port else { continue }
            let path = ProfilePath(["processes", process.name.description])
            guard process.isSlotted else {
                report(
                    path + "port", "'\(process.name)' is outside the slots, and only slots have ports",
                    given: [path + "slotted"])
                continue
            }
            for slot in Slot.allCases where profile.slots[slot]?[port] == nil {
                let others = profile.slots[slot].map { Array($0.keys) } ?? []
                report(
                    path + "port", "slot '\(slot)' has no port '\(port)'", suggestion: others.closest(to: port),
                    given: [ProfilePath(["slots", slot.rawValue]), ProfilePath(["slots", slot.rawValue, port])])
            }
            // A hook asks a port that another process listens on.
            if !process.role.isHook, let owner = owners.updateValue(process.name, forKey: port) {
                report(path + "port", "'\(owner)' already listens on the port '\(port)'")
            }
        }
    }

    private mutating func checkTLS(_ holders: inout [Port: String]) {
        guard let tls = profile.frontDoor.tls else { return }
        let path = ProfilePath(["front_door", "tls"])
        if let holder = holders.updateValue("plain HTTP", forKey: tls.plainPort) {
            report(
                path + "plain", "port \(tls.plainPort) is taken by \(holder)",
                given: [ProfilePath(["front_door", "listen"])])
        }
        checkAddress(tls.acme, at: path + "acme")
        if tls.domain != nil, tls.plainPort.number != 80 {
            report(
                path + "plain", "an ACME server asks on port 80, and not on \(tls.plainPort)",
                given: [path + "domain"])
        }
    }

    private mutating func checkPreview(_ holders: inout [Port: String]) {
        guard let preview = profile.frontDoor.preview else {
            if profile.switching.preview > .zero {
                report(
                    ProfilePath(["switch", "preview"]), "there is no address to show a slot at",
                    given: [ProfilePath(["front_door", "preview"])])
            }
            return
        }
        if let holder = holders.updateValue("the preview", forKey: preview.port) {
            report(
                ProfilePath(["front_door", "preview"]), "port \(preview.port) is taken by \(holder)",
                given: [ProfilePath(["front_door", "listen"])])
        }
    }

    private mutating func checkLimits() {
        for (name, limit) in profile.frontDoor.limits where limit.rate.wholeMatch(of: /[1-9][0-9]*r\/[sm]/) == nil {
            report(
                ProfilePath(["front_door", "limits", name, "rate"]),
                "expected requests in a second or a minute: 10r/s, 30r/m")
        }
    }

    private mutating func checkMetrics(_ holders: inout [Port: String]) {
        let path = ProfilePath(["metrics", "listen"])
        guard let metrics = profile.metrics, !broken.contains(path) else { return }
        if !metrics.isLoopback {
            report(path, "'\(metrics.address)' can be reached from elsewhere; metrics are told on loopback only")
        }
        if let holder = holders.updateValue("the metrics", forKey: metrics.port) {
            report(path, "port \(metrics.port) is taken by \(holder)", given: [ProfilePath(["front_door", "listen"])])
        }
    }

    mutating func checkSmoke() {
        for (index, check) in profile.switching.smoke.enumerated() where profile.route(of: check.path) == nil {
            report(
                ProfilePath(["switch", "smoke"]) + index + "path", "no route leads to '\(check.path)'",
                given: [ProfilePath(["routes"])])
        }
    }

    mutating func checkRoutes() {
        checkLimits()
        var paths: [String: Int] = [:]
        for (index, route) in profile.routes.enumerated() {
            let place = ProfilePath(["routes"]) + index
            if let other = paths.updateValue(index, forKey: route.path) {
                report(place + "path", "route \(other + 1) already has the path '\(route.path)'")
            }
            if let limit = route.limit, profile.frontDoor.limits[limit] == nil {
                report(
                    place + "limit", "there is no limit '\(limit)' in front_door.limits",
                    suggestion: Array(profile.frontDoor.limits.keys).closest(to: limit))
            }
            guard let process = process(named: route.process) else {
                report(
                    place + "to", "there is no process '\(route.process)'",
                    suggestion: closestProcess(to: route.process))
                continue
            }
            let target = ProfilePath(["processes", route.process.description])
            if !process.isSlotted {
                report(place + "to", "'\(process.name)' is outside the slots", given: [target + "slotted"])
            } else if process.port == nil || process.role.isHook {
                report(place + "to", "'\(process.name)' has no port", given: [target + "port"])
            }
        }
    }
}
