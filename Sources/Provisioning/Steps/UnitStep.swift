import CoreTypes
package import Host
package import SystemPackage

/// A unit that starts with the machine, runs, and runs with the configuration that is on the disk.
///
/// What it was last started with is kept as a digest, written after the start: a run that is killed between a new
/// configuration and the restart owes the restart, and the next run makes it.
package struct UnitStep: Step {
    package let title: String
    private let unit: String
    private let configuration: [FilePath]
    private let takesUpBy: TakingUp
    private let test: Command?
    private let stamp: FilePath

    /// How a running unit takes up a changed configuration.
    package enum TakingUp: Sendable { case restart, reload }

    /// `configuration`: the files that the unit reads when it starts, its own included. `test`: says with 0 that they
    /// are in order, before the unit is touched. `title`: for one that is looked at twice.
    package init(
        _ unit: String, configuration: [FilePath], by takesUpBy: TakingUp = .restart, testedBy test: Command? = nil,
        title: String? = nil, layout: Layout
    ) {
        self.test = test
        self.unit = unit
        self.configuration = configuration
        self.takesUpBy = takesUpBy
        self.title = title ?? unit
        stamp = layout.started.appending(unit)
    }

    package struct Facts: Sendable {
        package var state: UnitState?
        /// The digest of the configuration as it is.
        package var configuration: String
        /// That of the last start by us.
        package var started: String?

        package init(state: UnitState?, configuration: String, started: String?) {
            self.state = state
            self.configuration = configuration
            self.started = started
        }
    }

    package func check(_ host: any Host) async throws -> Facts {
        Facts(
            state: try host.units.states([unit])[unit], configuration: try digest(host),
            started: try host.files.readIfPresent(stamp, limit: 4096).map { String(decoding: $0, as: UTF8.self) })
    }

    package func plan(_ facts: Facts) -> [Change] {
        var changes: [Change] = []
        if !["enabled", "static", "indirect", "generated", "alias"].contains(facts.state?.enablement) {
            changes.append(Change("enable", "enable \(unit)"))
        }
        if facts.state?.active != "active" {
            changes.append(Change("start", "start \(unit)"))
        } else if facts.started != facts.configuration {
            changes.append(Change("renew", "\(verb) \(unit), whose configuration is new"))
        }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        if change.subject == "enable" { return try await host.units.enable(unit) }
        let digest = try digest(host)
        if let test {
            let result = try await host.processes.run(test, timeout: .seconds(30))
            guard result.status == .exited(0) else {
                throw OperatorError(
                    doing: change.sentence, because: "its configuration is refused: \(result.lastLines(5))",
                    next: "the unit was left as it is; mend the configuration and run the same command again")
            }
        }
        switch (change.subject, takesUpBy) {
        case ("renew", .reload): try await host.units.reload(unit)
        case ("renew", .restart): try await host.units.restart(unit)
        default: try await host.units.start(unit)
        }
        let folder = stamp.removingLastComponent()
        if try host.files.status(folder) == nil {
            try host.files.createDirectory(folder, mode: [.ownerReadWriteExecute], owner: nil)
        }
        try host.files.replace(stamp, with: Array(digest.utf8), mode: [.ownerReadWrite], owner: nil)
    }

    private var verb: String {
        switch takesUpBy {
        case .restart: "restart"
        case .reload: "reload"
        }
    }

    private func digest(_ host: any Host) throws -> String {
        let sum = SHA256()
        for path in configuration {
            let status = try host.files.status(path)
            // It counts where a link leads: whoever changes what is there, as certbot does, sees to it that it is taken up.
            if status?.kind == .link {
                sum.update(Array("\(path) to \(try host.files.linkTarget(path))\n".utf8))
                continue
            }
            sum.update(Array("\(path) \(status?.size ?? -1)\n".utf8))
            if status != nil { try host.files.readChunks(of: path) { sum.update($0) } }
        }
        return sum.finish()
    }
}
