import Glibc
package import Host
package import SystemPackage

extension LinuxProcesses {
    package func startDetached(_ command: Command, log: FilePath) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.string, O_WRONLY | O_CREAT | O_APPEND, 0o640)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID is behind _GNU_SOURCE, which the Glibc module does not define: spawn.h says 0x80.
        let newSession: Int16 = 0x80
        posix_spawnattr_setflags(
            &attributes, newSession | Int16(POSIX_SPAWN_SETSIGMASK) | Int16(POSIX_SPAWN_SETSIGDEF))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigdefault(&attributes, &all)

        let environment = Self.variables(of: command).map { "\($0.key)=\($0.value)" }.sorted()
        var pid: pid_t = 0
        let failure = withStringVector([command.executable.string] + command.arguments) { arguments in
            withStringVector(environment) { variables in
                posix_spawn(&pid, command.executable.string, &actions, &attributes, arguments, variables)
            }
        }
        guard failure == 0 else {
            throw HostError.notStarted(command: command.executable.string, errno: Errno(rawValue: failure))
        }
        return pid
    }

    package func children(of pid: Int32) throws -> [RunningProcess] {
        // Not /proc/PID/task/TID/children: that list skips entries while processes come and go, says proc(5).
        let files = LinuxFiles()
        return try files.list("/proc").compactMap { name in
            guard let candidate = Int32(name),
                let stat = try files.readIfPresent(FilePath("/proc/\(name)/stat"), limit: 1 << 16),
                Self.parent(inStat: stat) == pid, let title = try title(of: candidate)
            else { return nil }
            return RunningProcess(pid: candidate, title: title)
        }
    }

    /// The fourth field of proc(5)'s `stat`: the second is a name in parentheses that may hold anything.
    private static func parent(inStat stat: [UInt8]) -> Int32? {
        guard let close = stat.lastIndex(of: UInt8(ascii: ")")) else { return nil }
        let fields = stat[(close + 1)...].split(separator: UInt8(ascii: " "))
        return fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
    }

    /// `nil` when it ended meanwhile.
    private func title(of pid: Int32) throws -> String? {
        guard let line = try LinuxFiles().readIfPresent(FilePath("/proc/\(pid)/cmdline"), limit: 1 << 20), !line.isEmpty
        else {
            return nil
        }
        let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.joined(separator: " ")
    }
}

private func withStringVector<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
