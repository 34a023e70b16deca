import Control
import CoreTypes
import Glibc
import Testing

/// A real `bedplated` on a directory of its own; nothing of it outlives the test.
final class RuntimeFixture {
    let root: String
    var stack: Stack
    private(set) var pid: pid_t = 0

    init(_ specs: [InstanceSpec] = [], nested: String = "") throws {
        var template = Array("/tmp/bedplate-test-XXXXXX".utf8CString)
        root = try #require(mkdtemp(&template).map { String(cString: $0) })
        let base = root + nested
        stack = Stack(
            profile: "test", directories: .init(state: "\(base)/state", logs: "\(base)/logs", run: "\(base)/run"),
            instances: specs)
    }

    deinit {
        if pid > 0 { _ = try? stop() }
        // Whatever a failed test left behind carries our run directory in its environment.
        for process in processes() { kill(process, SIGKILL) }
        _ = run(["/bin/rm", "-rf", root])
    }

    var client: ControlClient { ControlClient(socket: "\(stack.directories.run)/control", timeout: .seconds(5)) }

    static let program: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count)
        let own = String(decoding: path[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own[..<(own.lastIndex(of: "/") ?? own.startIndex)] + "/bedplated"
    }()

    /// Writes the stack, starts the supervisor and waits until it answers.
    ///
    /// `passing` is what systemd would hand over from its store; `under` is a command that executes the rest.
    func start(
        environment: [String] = [], passing: [String: Int32] = [:], arguments: [String] = [], under: [String] = [],
        waiting: Bool = true
    ) throws {
        try write(JSON(encoding: stack).bytes, to: "\(root)/stack.json")
        let names = passing.keys.sorted()
        var command = [Self.program, "--stack", "\(root)/stack.json"] + arguments
        if !names.isEmpty {
            // LISTEN_PID is the pid of the program itself: only after the shell's exec is that so.
            let variables = "LISTEN_PID=$$ LISTEN_FDS=\(names.count) LISTEN_FDNAMES=\(names.joined(separator: ":"))"
            command = ["/bin/sh", "-c", "\(variables) exec \(command.joined(separator: " "))"]
        }
        command = under + command
        pid = try spawn(command, environment: environment, passing: names.compactMap { passing[$0] })
        if waiting { try wait("the supervisor answers") { (try? client.status()) != nil } }
    }

    /// TERM, and the exit code.
    @discardableResult
    func stop() throws -> Int32 {
        kill(pid, SIGTERM)
        defer { pid = 0 }
        return waitFor(pid)
    }

    func crash() {
        kill(pid, SIGKILL)
        _ = waitFor(pid)
        pid = 0
    }

    func status(_ name: String) throws -> InstanceStatus {
        try #require(try client.status().instances.first { $0.name.description == name })
    }

    func events() throws -> [SupervisorEvent] {
        var events: [SupervisorEvent] = []
        try client.events(lines: 10_000, follow: false) {
            events.append($0)
            return true
        }
        return events
    }

    /// The last lines of a log; as many as the supervisor gives, so that counting them sees a log grow.
    func lines(_ name: String, _ count: Int = 10_000) throws -> [String] {
        var lines: [String] = []
        try client.logs(instance(name), lines: count, follow: false) {
            lines.append($0.text)
            return true
        }
        return lines
    }

    /// What is in all files of a log, oldest first.
    func everyLine(_ name: String) -> [String] {
        run(["/bin/sh", "-c", "cd \(stack.directories.logs)/\(name) && cat $(ls @*.log 2>/dev/null | sort) current"])
            .split(separator: "\n").map(String.init)
    }

    /// Asks until it is so; the only waiting there is.
    func wait(
        _ what: Comment, seconds: Int = 20, sourceLocation: SourceLocation = #_sourceLocation, _ isSo: () throws -> Bool
    ) throws {
        let deadline = time(nil) + seconds
        while time(nil) < deadline {
            if try isSo() { return }
            usleep(10_000)
        }
        Issue.record(what, sourceLocation: sourceLocation)
        throw GaveUp(what: what)
    }

    struct GaveUp: Error { let what: Comment }

    func waitUntilUp(_ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try wait("\(name) is up and healthy", sourceLocation: sourceLocation) { try status(name).healthy }
    }

    /// The supervisor's resident memory.
    var residentKilobytes: Int {
        let text = String(decoding: read("/proc/\(pid)/status") ?? [], as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { $0.split(separator: " ").dropLast().last.flatMap { Int($0) } } ?? 0
    }

    /// Processes that carry our run directory in their environment.
    func processes() -> [pid_t] {
        run(["/bin/sh", "-c", "grep -lsz 'BEDPLATE_RUN=\(stack.directories.run)' /proc/[0-9]*/environ || true"])
            .split(separator: "\n").compactMap { $0.split(separator: "/").dropFirst().first.flatMap { pid_t($0) } }
    }
}

func shell(_ name: String, _ script: String, _ change: (inout InstanceSpec) -> Void = { _ in }) -> InstanceSpec {
    var spec = spec(name)
    spec.command = ["/bin/sh", "-c", script]
    spec.restart.initial = .milliseconds(20)
    spec.stop = [StopStep(signal: "TERM", wait: .seconds(5)), StopStep(signal: "KILL")]
    change(&spec)
    return spec
}

func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    try #require(descriptor >= 0)
    defer { close(descriptor) }
    try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
}

func read(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        guard count > 0 else { return bytes }
        bytes += chunk[..<count]
    }
}

/// `environment` is added to our own; `passing` become descriptors 3, 4, …
func spawn(
    _ command: [String], output: Int32? = nil, environment: [String] = [], passing: [Int32] = []
) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    if let output {
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
    }
    // First out of the way, or one would be overwritten before it is moved.
    let high = passing.map { fcntl($0, F_DUPFD_CLOEXEC, 200) }
    defer { for descriptor in high { close(descriptor) } }
    for (index, descriptor) in high.enumerated() {
        posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(3 + index))
    }
    var variables = environment.map { strdup($0) }
    var inherited = environ
    while let variable = inherited.pointee {
        variables.append(strdup(variable))
        inherited += 1
    }
    variables.append(nil)
    defer { for variable in variables { free(variable) } }
    var arguments = command.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let result = posix_spawn(&pid, command[0], &actions, nil, arguments, variables)
    try #require(result == 0, "posix_spawn of \(command[0])")
    return pid
}

/// The exit code, or the negated signal.
func waitFor(_ pid: pid_t) -> Int32 {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : -(status & 0x7F)
}

/// Runs a command and returns what it printed.
@discardableResult
func run(_ command: [String]) -> String {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0, fcntl(ends[0], F_SETFD, FD_CLOEXEC) == 0, fcntl(ends[1], F_SETFD, FD_CLOEXEC) == 0,
        let pid = try? spawn(command, output: ends[1])
    else { return "" }
    close(ends[1])
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65536)
    while true {
        let count = Glibc.read(ends[0], &chunk, chunk.count)
        guard count > 0 else { break }
        bytes += chunk[..<count]
    }
    close(ends[0])
    _ = waitFor(pid)
    return String(decoding: bytes, as: UTF8.self)
}

func isAlive(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 }

/// The letter of proc(5): `T` is stopped, `Z` has ended and was not waited for.
func kernelState(of pid: pid_t) -> Character? {
    read("/proc/\(pid)/stat").flatMap {
        String(decoding: $0, as: UTF8.self).split(separator: ")").last?.dropFirst().first
    }
}
