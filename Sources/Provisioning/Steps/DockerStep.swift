package import Host
package import SystemPackage

/// Docker, where it is present: what container scans have to know of it, and who may speak with it. Where it is not,
/// there is nothing to do.
package struct DockerStep: Step {
    /// Where Debian's and Docker's own packages make it listen.
    package static let socket: FilePath = "/run/docker.sock"

    package let title = "docker"
    private let environment: FilePath
    private let output: FilePath
    private let owner: OwnerName?
    private let users: [String]

    /// `environment`: the file with `DOCKER_GID` and `PROWLER_HOST_OUTPUT_DIR`. `output`: that directory, which is
    /// `owner`'s. `users`: those that join the group of Docker's socket.
    package init(environment: FilePath, output: FilePath, owner: OwnerName?, users: [String]) {
        self.environment = environment
        self.output = output
        self.owner = owner
        self.users = users
    }

    package struct Facts: Sendable {
        /// The number and, where it has one, the name of the group that the socket belongs to; `nil`: no Docker.
        package var group: UInt32?
        package var name: String?
        package var environment: String?
        package var isOutputRight = false
        package var strangers: [String] = []
    }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts()
        facts.environment = try host.files.readIfPresent(environment, limit: 64 << 10)
            .map { String(decoding: $0, as: UTF8.self) }
        guard let status = try host.files.status(Self.socket), status.kind == .other else { return facts }
        facts.group = status.owner.group
        let found = try host.files.status(output)
        let isOwned = try owner.map { try $0.resolve(on: host) == found?.owner } ?? true
        facts.isOutputRight = found?.kind == .directory && found?.mode == Self.mode && isOwned
        // Root's own socket is for nobody else, and whoever is in group 0 is not to become more than that.
        guard status.owner.group != 0 else { return facts }
        facts.name = try host.accounts.name(ofGroup: status.owner.group)
        if let name = facts.name {
            let members = try host.accounts.members(of: name)
            facts.strangers = users.filter { !members.contains($0) }
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        guard let group = facts.group else {
            return facts.environment == nil
                ? [] : [Change("gone", "remove \(environment), as Docker is not here any more")]
        }
        var changes: [Change] = []
        if !facts.isOutputRight {
            let described = Self.mode.octal + (owner.map { ", \($0)" } ?? "")
            changes.append(Change("output", "create the directory \(output) (\(described))"))
        }
        if facts.environment != content(group) {
            changes.append(Change("environment", "write \(environment), with Docker's group \(group)"))
        }
        return changes
            + facts.strangers.map { Change("user \($0)", "make \($0) a member of the group \(facts.name ?? "")") }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let facts = try await check(host)
        switch (change.subject, facts.group) {
        case ("gone", _): try host.files.remove(environment)
        case ("output", _): try host.files.createDirectory(output, mode: Self.mode, owner: owner?.demand(on: host))
        case ("environment", let group?):
            try host.files.replace(
                environment, with: Array(content(group).utf8), mode: [.ownerReadWrite, .groupRead, .otherRead],
                owner: nil)
        default:
            guard let name = facts.name else { return }
            for user in facts.strangers where change.subject == "user \(user)" {
                try await host.accounts.addMember(user, to: name)
            }
        }
    }

    private static let mode = FilePermissions(rawValue: 0o750)

    private func content(_ group: UInt32) -> String {
        """
        # Written by bedplate; changes made here are lost.
        DOCKER_GID=\(group)
        PROWLER_HOST_OUTPUT_DIR=\(output)

        """
    }
}
