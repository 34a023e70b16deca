package import Control
package import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// Resolves a profile for one host: every instance with its ports, paths and release. Pure.
package struct StackCompiler: Sendable {
    /// The instance that is the front door where the supervisor runs nginx.
    package static let nginx = "nginx"
    /// The instance that stops the slot which a switch kept running, when its time is over; and then itself.
    package static let keeper = "keeper"

    let profile: Profile
    let layout: Layout

    package init(profile: Profile, layout: Layout) {
        self.profile = profile
        self.layout = layout
    }

    /// `live` runs and is started with the stack; the other slot waits for a deploy. A slot without a release has no
    /// instances. What is outside the slots runs the live slot's release; before there is one, what needs it is left out.
    package func compile(_ record: SlotRecord, live: Slot) throws -> Stack {
        var instances: [InstanceSpec] = []
        for process in profile.processes {
            if process.isSlotted {
                for slot in Slot.allCases {
                    guard let release = record[slot] else { continue }
                    instances.append(try instance(of: process, in: slot, release, live: live))
                }
            } else if record[live] != nil || !process.needsRelease {
                // What has nothing of a release, such as a database, is not restarted when another one is live.
                instances.append(
                    try instance(of: process, in: nil, process.needsRelease ? record[live] : nil, live: live))
            }
        }
        if profile.frontDoor.manager == .supervisor { instances.append(try frontDoor(live: live)) }
        if profile.processes.contains(where: \.isSlotted) { instances.append(try keeper()) }
        // What was left out is waited for by nobody.
        let present = Set(instances.map(\.name))
        for index in instances.indices { instances[index].after.removeAll { !present.contains($0) } }
        return Stack(
            profile: profile.name, directories: directories,
            instances: instances, live: profile.processes.contains(where: \.isSlotted) ? live : nil,
            metrics: profile.metrics.map { MetricsEndpoint(address: $0.host, port: $0.port.number) },
            logging: Control.Logging(profile.logging))
    }

    /// The instances of a slot, in the order of the profile; those with one role where one is named.
    package func instances(of slot: Slot, _ role: ProcessDeclaration.Role? = nil) -> [InstanceName] {
        profile.processes.filter { $0.isSlotted && (role == nil || $0.role == role) }
            .map { InstanceName($0.name, slot: slot) }
    }

    /// The slot's workers and schedulers that load and wait while the other slot's are at work.
    package func standbys(of slot: Slot) -> [InstanceName] {
        profile.processes.filter { $0.isSlotted && $0.standsBy }.map { InstanceName($0.name, slot: slot) }
    }

    /// Each port of a slot with the instance that listens on it.
    package func ports(of slot: Slot) -> [(port: Int, instance: InstanceName)] {
        profile.processes.filter { $0.isSlotted && !$0.role.isHook }.compactMap { process in
            process.port.flatMap { profile.slots[slot]?[$0] }
                .map { ($0.number, InstanceName(process.name, slot: slot)) }
        }
    }

    private var directories: Stack.Directories {
        Stack.Directories(state: layout.state.string, logs: layout.logs.string, run: layout.run.string)
    }

    private func instance(
        of process: ProcessDeclaration, in slot: Slot?, _ release: ReleaseID?, live: Slot
    ) throws -> InstanceSpec {
        let port = try port(of: process, in: slot ?? live)
        var values = ["data": layout.data.string, "logs": layout.logs.string, "run": layout.run.string]
        values["configuration"] = layout.configuration.string
        values["runtimes"] = layout.runtimes.string
        values["store"] = profile.services.store.rawValue
        values["queue"] = profile.services.queue.rawValue
        values["programs"] = layout.programs.string
        values["release"] = release.map { layout.releases.appending($0.description).string }
        values["build"] = release.map { layout.builds.appending($0.description).string }
        values["slot"] = slot?.rawValue
        values["port"] = port.map(String.init)
        let placeholders = Placeholders(process: process.name, values: values)
        func names(_ processes: [ProcessName]) -> [InstanceName] {
            processes.map { name in
                let isSlotted = profile.processes.first { $0.name == name }?.isSlotted ?? false
                return InstanceName(name, slot: isSlotted ? slot ?? live : nil)
            }
        }
        var environment = try process.environment.mapValues(placeholders.resolve)
        if process.standsBy, let slot {
            environment["BEDPLATE_SLOT"] = slot.rawValue
            environment["BEDPLATE_LIVE_SLOT"] = directories.liveSlot
        }
        return InstanceSpec(
            name: InstanceName(process.name, slot: slot),
            kind: process.isOneshot || process.schedule != nil ? .oneshot : .service,
            command: try process.command.map(placeholders.resolve),
            workingDirectory: try placeholders.resolve(process.child.workingDirectory),
            environment: environment,
            secretEnvironment: process.secretEnvironment.mapValues(secret),
            credentials: Dictionary(
                process.credentials.map { ($0.description, secret($0)) }, uniquingKeysWith: { first, _ in first }),
            user: process.user ?? profile.account, group: process.group, release: release, schedule: process.schedule,
            autostart: (slot == nil || slot == live) && !process.role.isHook, requires: names(process.requires),
            after: names(process.after),
            restart: process.role.isHook ? RestartPolicy(mode: .never) : RestartPolicy(process.restart),
            probes: ProbeSet(
                startup: try process.startup.map { try ProbeSpec($0, port: port, placeholders, file: secret) },
                readiness: try process.readiness.map { try ProbeSpec($0, port: port, placeholders, file: secret) },
                liveness: try process.liveness.map { try ProbeSpec($0, port: port, placeholders, file: secret) }),
            stop: process.stop.map {
                StopStep(signal: $0.signal, wait: $0.wait, mainOnly: $0.target == .main ? true : nil)
            },
            logs: LogPolicy(process.logs),
            child: try child(of: process, in: slot ?? live, placeholders))
    }

    /// What is not the usual; `nil` when everything is, so that a key that appears with its default changes no stack.
    private func child(
        of process: ProcessDeclaration, in slot: Slot, _ placeholders: Placeholders
    ) throws -> ChildSettings? {
        let child = process.child
        let usual = ProcessDeclaration.Child()
        let settings = ChildSettings(
            groups: child.groups.isEmpty ? nil : child.groups,
            environmentFiles: child.environmentFiles.isEmpty
                ? nil : try child.environmentFiles.map(placeholders.resolve),
            umask: child.umask == usual.umask ? nil : child.umask, nice: child.nice == usual.nice ? nil : child.nice,
            oomScore: child.oomScore == usual.oomScore ? nil : child.oomScore,
            mayGainPrivileges: child.noNewPrivileges ? nil : true, capabilities: child.capabilities,
            resourceLimits: child.resourceLimits.isEmpty ? nil : child.resourceLimits,
            limits: child.limits.isEmpty ? nil : child.limits,
            sockets: child.sockets.isEmpty ? nil : try child.sockets.map { try socket($0, of: process, in: slot) })
        return settings.isUsual ? nil : settings
    }

    private func socket(
        _ socket: ProcessDeclaration.Socket, of process: ProcessDeclaration, in slot: Slot
    ) throws -> ListeningSocket {
        switch socket.place {
        case .port(let name):
            let port = try port(name, of: process, in: slot)
            return ListeningSocket(name: socket.name, address: "127.0.0.1", port: port, backlog: socket.backlog)
        case .address(let address, let port):
            return ListeningSocket(name: socket.name, address: address, port: port.number, backlog: socket.backlog)
        }
    }

    private func port(of process: ProcessDeclaration, in slot: Slot) throws -> Int? {
        try process.port.map { try port($0, of: process, in: slot) }
    }

    private func port(_ name: String, of process: ProcessDeclaration, in slot: Slot) throws -> Int {
        guard let port = profile.slots[slot]?[name] else {
            throw OperatorError(
                doing: "resolve the process '\(process.name)'",
                because: "the \(slot) slot has no port '\(name)'", next: "add it to 'slots' in the profile",
                exit: .usage)
        }
        return port.number
    }

    private func secret(_ name: SecretName) -> String { layout.secrets.appending(name.description).string }

    private func keeper() throws -> InstanceSpec {
        InstanceSpec(
            name: InstanceName(try ProcessName(Self.keeper)),
            command: [layout.bedplate.string, "keeper", "--root", layout.root.string], autostart: false,
            restart: RestartPolicy(mode: .onFailure))
    }

    private func frontDoor(live: Slot) throws -> InstanceSpec {
        let door = profile.frontDoor
        // The supervisor probes over loopback, where a door on another address cannot be reached.
        let readiness =
            door.plainListener.listensOnLoopback
            ? ProbeSpec(
                check: .http(
                    port: door.plainListener.port.number, path: SiteConfiguration.marker, method: "GET",
                    statuses: [200], headers: [:]))
            : nil
        return InstanceSpec(
            name: InstanceName(try ProcessName(Self.nginx)),
            command: [
                NginxProgram.path.string, "-e", "stderr", "-c", layout.nginxMain.string, "-g", "daemon off;",
            ],
            after: ports(of: live).map(\.instance), probes: ProbeSet(readiness: readiness),
            // QUIT lets open requests finish, TERM does not.
            stop: [
                StopStep(signal: "QUIT", wait: min(door.drain, .seconds(30))),
                StopStep(signal: "TERM", wait: .seconds(5)), StopStep(signal: "KILL"),
            ])
    }
}
