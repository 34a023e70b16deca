import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// Looks at a host before anything is changed: everything that stands in the way, all of it at once. It only reads.
package struct HostPreflight: Sendable {
    let profile: Profile
    let layout: Layout
    let ports: [Preflight.PortNeed]
    let ours: Set<Int32>

    /// `ours`: processes of our own stack, which may hold our ports.
    package init(_ profile: Profile, layout: Layout, ports: [Preflight.PortNeed], ours: Set<Int32> = []) {
        self.profile = profile
        self.layout = layout
        self.ports = ports
        self.ours = ours
    }

    package func check(_ host: any Host) async throws -> [Preflight.Finding] {
        let release = try host.system.osRelease()
        let name = release["PRETTY_NAME"] ?? release["ID"] ?? "this system"
        // Everything else would be guesswork on a system that we do not know.
        guard let distribution = Distribution(release) else {
            return [.init("\(name) is not supported", next: "use \(Distribution.supported)")]
        }
        let hardware = try host.system.hardware()
        let database = try host.packages.database()
        var findings = try machine(host, hardware)
        findings += try packages(host, database)
        findings += try await services(host, database)
        findings += clock(host)
        findings += EndOfLife.passed(profile, on: distribution, now: host.wallTime()).map { .warning($0.sentence) }
        findings += try notes(host)
        findings += try await elsewhere(host, distribution)
        return findings
    }

    // MARK: The machine

    private func machine(_ host: any Host, _ hardware: Hardware) throws -> [Preflight.Finding] {
        var findings: [Preflight.Finding] = []
        if try host.accounts.current().user != 0 {
            findings.append(.init("only root can install", next: "sudo bedplate install"))
        }
        if !host.units.isRunning {
            findings.append(.init("systemd does not run here", next: "use a host, or a container that boots systemd"))
        }
        if !["x86_64", "aarch64"].contains(hardware.architecture) {
            findings.append(
                .init("the architecture \(hardware.architecture) is not supported", next: "use x86_64 or aarch64"))
        }
        if profile.services.store == .mongodb, hardware.architecture == "x86_64",
            !hardware.processorFlags.contains("avx")
        {
            findings.append(
                .init(
                    "the processor has no AVX, without which MongoDB 7 does not start",
                    next: "use a processor with AVX, or let the virtual machine see the host's"))
        }
        // pidfds through clone and poll: 5.4.
        let kernel = hardware.kernel.split(separator: ".").prefix(2).compactMap { Int($0.prefix { $0.isNumber }) }
        if let major = kernel.first, let minor = kernel.last, (major, minor) < (5, 4) {
            findings.append(.init("the kernel \(hardware.kernel) is too old", next: "boot 5.4 or later"))
        }
        let memory = profile.services.store == .mongodb ? ByteCount(bytes: 2 << 30) : ByteCount(bytes: 1 << 30)
        // A machine of two gigabytes shows somewhat less.
        if hardware.memory < memory.bytes * 9 / 10 {
            findings.append(
                .init(
                    "there is less memory (\(hardware.memory >> 20) MiB) than it takes (\(memory))", next: "add memory")
            )
        }
        return findings + (try disks(host))
    }

    private func disks(_ host: any Host) throws -> [Preflight.Finding] {
        guard try host.files.status(layout.stack) == nil else { return [] }
        return try DiskNeed.all(on: host).filter { $0.space.available < $0.bytes || !$0.space.takesFiles }.map { need in
            .init(
                "there are \(need.space.room) free for \(need.words), on the file system at \(need.space.mount), "
                    + "and it takes \(need.bytes >> 20) MiB",
                next: "make room on \(need.space.mount)")
        }
    }

    // MARK: Packages

    private func packages(_ host: any Host, _ database: PackageDatabase) throws -> [Preflight.Finding] {
        var findings: [Preflight.Finding] = []
        let audit = database.audit
        if !audit.isEmpty {
            let again = database.torn.sorted()
            let how =
                "dpkg --configure -a"
                + (again.isEmpty ? "" : " and apt-get install --reinstall \(again.joined(separator: " "))")
            let packages = audit.joined(separator: ", ")
            findings.append(.warning("dpkg left half done: \(packages); it is finished first, as by \(how)"))
        }
        for holder in try host.packages.lockHolders() {
            findings.append(.warning("\(holder.sentence); it is waited for"))
        }
        return findings
    }
}
