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

    init(directories: Stack.Directories, descriptors: (soft: UInt64, hard: UInt64)) throws(SystemError) {
        self.directories = directories
        self.descriptors = descriptors
        null = open("/dev/null", O_RDWR | O_CLOEXEC)
        guard null >= 0 else { throw SystemError("opening /dev/null") }
    }

    /// Starts the main process of an instance; its credentials are in place.
    func spawn(
        _ spec: InstanceSpec, as account: Account?, invocation: String, output: Int32, error: Int32
    ) throws(SpawnFailure) -> Int32 {
        let credentials = Credentials(directories, spec.name)
        try credentials.lay(spec.credentials, for: account)
        var environment = try self.environment(spec, account, invocation: invocation)
        for (key, path) in spec.secretEnvironment { environment[key] = try secret(key, path) }
        return try start(
            spec.command, environment: environment, directory: spec.workingDirectory, account: account, output: output,
            error: error)
    }

    /// Starts an exec probe: the instance's user, directory and environment, but no secrets and no output.
    func spawnProbe(_ command: [String], for spec: InstanceSpec, invocation: String) throws(SpawnFailure) -> Int32 {
        let account = try Account.resolve(user: spec.user, group: spec.group)
        return try start(
            command, environment: try environment(spec, account, invocation: ProcessMark.probePrefix + invocation),
            directory: spec.workingDirectory, account: account, output: null, error: null)
    }

    private func environment(
        _ spec: InstanceSpec, _ account: Account?, invocation: String
    ) throws(SpawnFailure) -> [String: String] {
        var environment = Self.baseEnvironment
        if let account, !account.name.isEmpty {
            environment["USER"] = account.name
            environment["LOGNAME"] = account.name
            environment["HOME"] = account.home
        }
        environment.merge(spec.environment) { _, own in own }
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
        _ command: [String], environment: [String: String], directory: String, account: Account?, output: Int32,
        error: Int32
    ) throws(SpawnFailure) -> Int32 {
        let arguments = CStrings(command)
        let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
        var request = linux_spawn_request()
        request.input = null
        request.output = output
        request.error = error
        request.cgroup = -1
        request.mask = 0o022
        let limits = [
            linux_limit(resource: Int32(RLIMIT_NOFILE.rawValue), soft: descriptors.soft, hard: descriptors.hard)
        ]
        var result = linux_spawn_result()
        let groups = account?.groups ?? []
        if let account, !account.isOurs {
            request.change_user = true
            request.user = account.user
            request.group = account.group
        }
        groups.withUnsafeBufferPointer { groups in
            limits.withUnsafeBufferPointer { limits in
                directory.withCString { directory in
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
        guard result.pid > 0 else {
            let stage = SpawnFailure.stage(
                result.stage, path: command.first ?? "", directory: directory, user: account?.name ?? "")
            throw SpawnFailure(stage, String(cString: strerror(result.error)))
        }
        return result.pid
    }
}
