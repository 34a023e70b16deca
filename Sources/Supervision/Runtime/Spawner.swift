import CLinux
import Control
import CoreTypes
import Glibc

/// Turns a spec into a process.
struct Spawner {
    /// What every child finds in its environment unless its spec says otherwise; nothing of ours is handed on.
    static let baseEnvironment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
    ]

    let directories: Stack.Directories
    /// What RLIMIT_NOFILE was before the supervisor raised its own.
    let descriptors: (soft: UInt64, hard: UInt64)
    let null: Int32
    /// Where we ourselves are served before others and spared by the kernel, children are not, unless they ask for it.
    private let isFavoured: (nice: Bool, memory: Bool)

    init(directories: Stack.Directories, descriptors: (soft: UInt64, hard: UInt64)) throws(SystemError) {
        self.directories = directories
        self.descriptors = descriptors
        null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw SystemError("opening /dev/null") }
        let score = (try? Files.read("/proc/self/oom_score_adj")) ?? []
        isFavoured = (getpriority(Int32(PRIO_PROCESS.rawValue), 0) < 0, score.first == UInt8(ascii: "-"))
    }

    /// What a process gets from us besides its spec.
    struct Belongings {
        var output: Int32
        var error: Int32
        /// The `cgroup.procs` of its leaf; -1: it stays in ours.
        var group: Int32 = -1
        /// Become 3, 4, …
        var sockets: [Int32] = []
    }

    /// Starts the main process of an instance.
    func spawn(
        _ spec: InstanceSpec, as account: Account?, invocation: String, with belongings: Belongings
    ) throws(SpawnFailure) -> Int32 {
        let credentials = Credentials(directories, spec.name)
        try credentials.lay(spec.credentials, for: account)
        var environment = try self.environment(spec, account, invocation: invocation, reads: true)
        for (key, path) in spec.secretEnvironment { environment[key] = try secret(key, path) }
        if spec.probes.hearsNotices { environment["NOTIFY_SOCKET"] = NoticeSocket.path(in: directories) }
        if let watchdog = spec.probes.watchdog { environment["WATCHDOG_USEC"] = "\(watchdog.milliseconds * 1000)" }
        return try start(spec.command, of: spec, environment: environment, account: account, with: belongings)
    }

    /// Starts an exec probe: the instance's user, directory, environment and settings, but no secrets, no files of
    /// variables and no sockets.
    func spawnProbe(
        _ command: [String], for spec: InstanceSpec, invocation: String, group: Int32, output: Int32
    ) throws(SpawnFailure) -> Int32 {
        let account = try Account.resolve(spec)
        let environment = try environment(
            spec, account, invocation: ProcessMark.probePrefix + invocation, reads: false)
        return try start(
            command, of: spec, environment: environment, account: account,
            with: Belongings(output: output, error: output, group: group))
    }

    /// Starts our own probe program: as ourselves, because it reads password files, and with nothing of the instance
    /// but the marks by which a later supervisor finds what was left behind.
    func spawnHelper(
        _ command: [String], for spec: InstanceSpec, invocation: String, output: Int32
    ) throws(SpawnFailure) -> Int32 {
        let bare = InstanceSpec(name: spec.name, command: command)
        let environment = try environment(bare, nil, invocation: ProcessMark.probePrefix + invocation, reads: false)
            .merging(ProbeProgram.environment) { _, helper in helper }
        return try start(
            command, of: bare, environment: environment, account: nil, with: Belongings(output: output, error: output))
    }

    private func environment(
        _ spec: InstanceSpec, _ account: Account?, invocation: String, reads: Bool
    ) throws(SpawnFailure) -> [String: String] {
        var environment = Self.baseEnvironment
        if let account, !account.name.isEmpty {
            environment["USER"] = account.name
            environment["LOGNAME"] = account.name
            environment["HOME"] = account.home
        }
        environment.merge(spec.environment) { _, own in own }
        if reads, let files = spec.child?.value.environmentFiles {
            for file in files { environment.merge(try EnvironmentFile.load(file)) { _, later in later } }
        }
        if !spec.credentials.isEmpty {
            environment["CREDENTIALS_DIRECTORY"] = Credentials(directories, spec.name).path
        }
        environment[ProcessMark.runKey] = directories.run
        environment[ProcessMark.instanceKey] = spec.name.description
        environment[ProcessMark.invocationKey] = invocation
        return environment
    }

    private func secret(_ key: String, _ path: String) throws(SpawnFailure) -> String {
        let stage = "reading the secret for \(key) from '\(path)'"
        do throws(SystemError) {
            guard var bytes = try Files.read(path, limit: 64 << 10) else {
                throw SystemError(stage, ENOENT)
            }
            if bytes.last == 0x0A { bytes.removeLast() }
            guard !bytes.contains(0) else { throw SystemError(stage, EILSEQ) }
            return String(decoding: bytes, as: UTF8.self)
        } catch { throw SpawnFailure(stage, error.reason) }
    }

    private func start(
        _ command: [String], of spec: InstanceSpec, environment: [String: String], account: Account?,
        with belongings: Belongings
    ) throws(SpawnFailure) -> Int32 {
        let arguments = CStrings(command)
        var entries = environment.map { "\($0.key)=\($0.value)" }
        if let sockets = spec.child?.value.sockets, !belongings.sockets.isEmpty {
            // sd_listen_fds(3). The child writes its pid over the last one's digits.
            entries.append("LISTEN_FDS=\(sockets.count)")
            entries.append("LISTEN_FDNAMES=\(sockets.map(\.name).joined(separator: ":"))")
            entries.append(Self.pidKey + "0000000000")
        }
        let variables = CStrings(entries)
        var request = linux_spawn_request()
        request.input = null
        request.output = belongings.output
        request.error = belongings.error
        request.cgroup = belongings.group
        request.mask = 0o022
        request.no_new_privileges = true
        request.set_nice = isFavoured.nice
        request.set_oom_score = isFavoured.memory
        if !belongings.sockets.isEmpty {
            request.pid_text = variables.pointer[entries.count - 1]! + Self.pidKey.utf8.count
        }
        var limits = [
            linux_limit(resource: Int32(RLIMIT_NOFILE.rawValue), soft: descriptors.soft, hard: descriptors.hard)
        ]
        if let settings = spec.child?.value { settings.apply(to: &request, &limits) }
        var result = linux_spawn_result()
        let groups = account?.groups ?? []
        if let account, !account.isOurs {
            request.change_user = true
            request.user = account.user
            request.group = account.group
        }
        belongings.sockets.withUnsafeBufferPointer { sockets in
            groups.withUnsafeBufferPointer { groups in
                limits.withUnsafeBufferPointer { limits in
                    spec.workingDirectory.withCString { directory in
                        request.passed = sockets.baseAddress
                        request.passed_count = sockets.count
                        request.groups = groups.baseAddress
                        request.group_count = groups.count
                        request.limits = limits.baseAddress
                        request.limit_count = limits.count
                        request.directory = directory
                        request.arguments = UnsafePointer(arguments.pointer)
                        request.environment = UnsafePointer(variables.pointer)
                        withExtendedLifetime((arguments, variables)) { linux_spawn(&request, &result) }
                    }
                }
            }
        }
        guard result.pid > 0 else {
            throw SpawnFailure(
                result, path: command.first ?? "", directory: spec.workingDirectory, account: account)
        }
        return result.pid
    }

    private static let pidKey = "LISTEN_PID="
}

extension ChildSettings {
    /// The limits are set in order: one of its own replaces what the supervisor sets for all.
    fileprivate func apply(to request: inout linux_spawn_request, _ limits: inout [linux_limit]) {
        if let umask { request.mask = mode_t(umask) }
        if let nice {
            request.set_nice = true
            request.nice = Int32(nice)
        }
        if let oomScore {
            request.set_oom_score = true
            request.oom_score = Int32(oomScore)
        }
        if mayGainPrivileges == true { request.no_new_privileges = false }
        if let capabilities {
            request.limit_capabilities = true
            request.capabilities = capabilities.reduce(0) { $0 | 1 << UInt64($1.number) }
        }
        for limit in resourceLimits ?? [] {
            if limit.kind == .nofile { limits.removeAll { $0.resource == Int32(limit.kind.number) } }
            limits.append(
                linux_limit(
                    resource: Int32(limit.kind.number), soft: limit.soft.map(UInt64.init) ?? .max,
                    hard: limit.hard.map(UInt64.init) ?? .max))
        }
    }
}
