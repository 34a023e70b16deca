import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// The steps that make a host ready for an application: runtimes, databases and the front door, each installed,
/// configured, started and verified.
package struct HostGraph: Sendable {
    package internal(set) var graph = StepGraph()
    /// Positions of the steps after which the host has all that the application needs.
    package private(set) var ready: Set<Int> = []
    /// Positions after which directories, accounts and secrets are there.
    package private(set) var laidOut: Set<Int> = []

    package static let redisPort = 6379
    package static let mongoPort = 27017
    let profile: Profile
    let layout: Layout
    private let distribution: Distribution

    /// `architecture`: as uname(2) names it. `site`: nginx's files for this application.
    package init(
        _ profile: Profile, layout: Layout, on distribution: Distribution, architecture: String,
        site: [FileStep.File], settings: [FileStep.File]
    ) throws {
        self.profile = profile
        self.layout = layout
        self.distribution = distribution
        // Before all that makes accounts, the scripts of packages included.
        let lists = graph.add(AccountListsStep(of: accountNames))
        let database = graph.add(RepairStep(), after: [lists])
        var accounts = addAccounts(after: [lists])
        if let account = profile.account, account != "root" {
            let owner = OwnerName(user: account, group: account)
            accounts.insert(graph.add(HandOverStep(layout.data, to: owner), after: accounts))
        }
        let directories = graph.add(DirectoryStep.installed(layout, profile.account), after: accounts)
        let configuration = graph.add(FileStep(settings, title: "configuration"), after: [directories])
        let generated = graph.add(SecretsStep(folder: layout.secrets, profile.secrets), after: [directories])
        let secrets = graph.add(
            RotationStep(profile.secrets, besides: profile.passwordedServers, folder: layout.secrets),
            after: [generated])
        laidOut = [directories, configuration, secrets]
        let base = graph.add(
            PackagesStep(basePackages, brings: [.unit("certbot.timer")], title: "base packages"), after: [database])
        let python = try addPython(after: [base, directories], architecture: architecture)
        let repositories = try addRepositories(after: [base])
        let servers = graph.add(
            PackagesStep(serverPackages, brings: Self.brought(by: serverPackages), title: "server packages"),
            after: repositories.union([base]))
        ready = python.union([secrets, servers]).union(addNginx(site, after: [servers, directories]))
        if profile.services.queue == .redis {
            let rotated = graph.add(
                RotationStep(profile.secrets, at: profile.redisServer, folder: layout.secrets),
                after: [servers, secrets])
            ready.insert(graph.addRedis(profile, layout, after: [rotated]))
        }
        if profile.services.store == .mongodb { ready.insert(addMongo(after: [servers, secrets, directories])) }
        if profile.runtimes.node?.yarn == true { ready.insert(addYarn(after: [servers])) }
        if let docker = profile.docker {
            let users = docker.compactMap { name in profile.processes.first { $0.name == name } }
                .compactMap { $0.user ?? profile.account }.filter { $0 != "root" }
            ready.insert(
                graph.add(
                    DockerStep(
                        environment: layout.docker, output: layout.prowlerOutput,
                        owner: profile.account.map { OwnerName(user: $0, group: $0) },
                        users: Set(users).sorted()), after: [directories]))
        }
        ready.formUnion(try addScanners(after: [base, directories], python: python, architecture: architecture))
    }

    /// Adds a step of somebody else.
    @discardableResult
    package mutating func add(_ step: any Step, after positions: Set<Int>) -> Int { graph.add(step, after: positions) }

    private var basePackages: [PackagesStep.Wanted] {
        var names = ["ca-certificates", "build-essential", "libffi-dev", "certbot"]
        if pythonIsPackaged { names += ["python3.12", "python3.12-venv"] }
        if profile.runtimes.python?.method == .source { names += PythonStep.buildPackages }
        if profile.frontDoor.tls != nil { names.append("openssl") }
        return names.map { .init($0) }
    }

    private var serverPackages: [PackagesStep.Wanted] {
        var wanted: [PackagesStep.Wanted] = []
        if profile.frontDoor.manager == .systemd { wanted.append(.init("nginx")) }
        if profile.services.queue == .redis { wanted.append(.init("redis-server")) }
        if let node = profile.runtimes.node {
            wanted.append(.init("nodejs", version: node.version))
            if node.yarn { wanted.append(.init("yarnpkg")) }
        }
        if profile.services.store == .mongodb {
            for part in ["", "-database", "-server", "-mongos", "-tools"] {
                wanted.append(.init("mongodb-org\(part)", version: "7.0", isHeld: true))
            }
        }
        return wanted
    }

    private static func brought(by packages: [PackagesStep.Wanted]) -> [Trace] {
        packages.flatMap { package -> [Trace] in
            switch package.name {
            case "nginx":
                [
                    .unit("nginx.service"), .file("/etc/nginx/nginx.conf"), .directory("/etc/nginx/conf.d"),
                    .directory("/etc/nginx/modules-enabled"), .file("/etc/nginx/sites-enabled/default"),
                ]
            case "redis-server":
                [.unit("redis-server.service"), .file("/etc/redis/redis.conf"), .account("redis")]
            // Its unit is neither enabled nor started.
            case "mongodb-org":
                [
                    .file("/etc/mongod.conf"), .file("/lib/systemd/system/mongod.service"), .account("mongodb"),
                    .directory("/var/lib/mongodb"),
                ]
            default: []
            }
        }
    }

    /// The group that may look at the supervisor.
    private static let observers = "bedplate"

    /// Whose accounts an installation makes, or its packages do.
    private var accountNames: Set<String> {
        let brought = Self.brought(by: serverPackages).compactMap { trace in
            if case .account(let name) = trace { name } else { nil }
        }
        return Set([Self.observers] + (profile.account.map { [$0] } ?? []) + brought)
    }

    /// The group that may look at the supervisor, and the application's account.
    private mutating func addAccounts(after positions: Set<Int>) -> Set<Int> {
        var added: Set<Int> = [graph.add(AccountStep(Self.observers, home: nil), after: positions)]
        if let account = profile.account, account != "root" {
            added.insert(graph.add(AccountStep(account, home: layout.data), after: positions))
        }
        return added
    }
}

// MARK: Runtimes

extension HostGraph {
    private var pythonIsPackaged: Bool {
        guard let python = profile.runtimes.python else { return false }
        return switch python.method {
        case .automatic: distribution.python == python.version
        case .distribution: true
        case .standalone, .source: false
        }
    }

    private mutating func addPython(after positions: Set<Int>, architecture: String) throws -> Set<Int> {
        guard let python = profile.runtimes.python else { return [] }
        let environment = layout.runtimes.appending("venv-\(python.version)")
        guard !pythonIsPackaged else {
            let program = FilePath("/usr/bin/python\(python.version)")
            return [graph.add(PythonStep(.program(program), environment: environment), after: positions)]
        }
        let isBuilt = python.method == .source
        let name = isBuilt ? "python-source" : "python-" + architecture.split(separator: "_").joined(separator: "-")
        guard let pinned = profile.catalogue.archives[name] else {
            throw OperatorError(
                doing: "install Python \(python.version)", because: "the profile has no archive '\(name)'",
                next: "add archives.\(name) with uri and sha256", exit: .usage)
        }
        let folder = layout.runtimes.appending("python-\(python.version)")
        let archive = layout.runtimes.appending("python-\(python.version).tar.gz")
        let fetched = graph.add(
            ArchiveStep(
                "python", address: profile.catalogue.mirrored(pinned.uri), sha256: pinned.sha256, path: archive,
                unlessUnpacked: PythonStep.stamp(in: folder)), after: positions)
        let source: PythonStep.Source =
            isBuilt
            ? .sources(archive, sha256: pinned.sha256, folder: folder)
            : .archive(archive, sha256: pinned.sha256, folder: folder)
        return [graph.add(PythonStep(source, environment: environment), after: [fetched])]
    }

    private mutating func addYarn(after positions: Set<Int>) -> Int {
        // Debian's yarn looks for its parts where Debian's node would; NodeSource's does not look there.
        let script = """
            #!/bin/sh
            # Written by bedplate.
            NODE_PATH=/usr/share/nodejs exec /usr/bin/yarnpkg "$@"

            """
        let file = FileStep.File("/usr/local/bin/yarn", content: script, mode: FilePermissions(rawValue: 0o755))
        return graph.add(FileStep([file], title: "yarn"), after: positions)
    }
}

// MARK: Repositories

extension HostGraph {
    /// The repositories that this profile needs: name, upstream, its repository here, and the packages it is there for.
    package static func repositories(
        _ profile: Profile, on distribution: Distribution
    ) throws -> [(name: String, upstream: Upstream, repository: Upstream.Repository, pin: String, version: String)] {
        var needed: [(name: String, pin: String, version: String)] = []
        if let node = profile.runtimes.node { needed.append(("node", "nodejs", node.version)) }
        if profile.services.store == .mongodb { needed.append(("mongodb", "mongodb-org*", "7.0")) }
        return try needed.map { need in
            guard let upstream = profile.catalogue.upstreams[need.name],
                let repository = upstream.repositories[distribution.rawValue] ?? upstream.repositories["any"]
            else {
                throw OperatorError(
                    doing: "install \(need.name)",
                    because: "the profile has no repository of '\(need.name)' for \(distribution.rawValue)",
                    next: "add upstreams.\(need.name).repositories.\(distribution.rawValue)", exit: .usage)
            }
            return (need.name, upstream, repository, need.pin, need.version)
        }
    }

    private mutating func addRepositories(after positions: Set<Int>) throws -> Set<Int> {
        var added: Set<Int> = []
        for need in try Self.repositories(profile, on: distribution) {
            let keyPath = FilePath("/etc/apt/keyrings/bedplate-\(need.name).gpg")
            let key = graph.add(
                KeyStep(
                    need.name, address: profile.catalogue.mirrored(need.upstream.key),
                    fingerprint: need.upstream.fingerprint, path: keyPath), after: positions)
            let source = """
                # Written by bedplate; changes made here are lost.
                Types: deb
                URIs: \(profile.catalogue.mirrored(need.repository.uri))
                Suites: \(need.repository.suite)
                Components: \(need.repository.components.joined(separator: " "))
                Signed-By: \(keyPath)

                """
            let pin = """
                # Written by bedplate: this series, whatever else is on offer.
                Package: \(need.pin)
                Pin: version \(need.version).*
                Pin-Priority: 600

                """
            // Say it where the plan is read: nobody should look for a repository that does not exist.
            let isJammys = distribution == .ubuntu2404 && need.repository.suite.hasPrefix("jammy")
            let files = FileStep(
                [
                    .init(FilePath("/etc/apt/sources.list.d/bedplate-\(need.name).sources"), content: source),
                    .init(FilePath("/etc/apt/preferences.d/bedplate-\(need.name)"), content: pin),
                ],
                title: "repository of \(need.name)" + (isJammys ? " (jammy's, as there is none for noble)" : ""))
            added.insert(graph.add(files, after: [key]))
        }
        return added
    }
}

extension DirectoryStep {
    /// The directories of an installed host. `account`: whom the application's data belong to.
    static func installed(_ layout: Layout, _ account: String?) -> DirectoryStep {
        let open = FilePermissions(rawValue: 0o755)
        let shared = FilePermissions(rawValue: 0o750)
        let owner = account.map { OwnerName(user: $0, group: $0) }
        return DirectoryStep([
            .init(layout.configuration, mode: open), .init(layout.overrides, mode: open),
            .init(layout.secrets, mode: FilePermissions(rawValue: 0o700)),
            // Open: the application's own account goes through it to its release and its data.
            .init(layout.state, mode: open), .init(layout.releases, mode: open), .init(layout.runtimes, mode: open),
            .init(layout.data, mode: shared, owner: owner), .init(layout.logs, mode: shared),
            .init(layout.nginxScratch, mode: shared),
        ])
    }
}
