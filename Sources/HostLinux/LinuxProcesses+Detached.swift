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
            guard let candidate = Int32(name), let entry = try ProcessEntry(candidate, in: files),
                entry.parent == pid, !entry.isZombie,
                let words = try files.readOfProcess(candidate, "cmdline", limit: 1 << 20)
            else { return nil }
            let title = words.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }.joined(separator: " ")
            // The kernel lets who started a program go on before that program has its argument vector.
            return RunningProcess(pid: candidate, title: title.isEmpty ? "[\(entry.name)]" : title)
        }
    }
}

private func withStringVector<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
}
