import Foundation
import Glibc
import Synchronization
import Testing

/// A real database server as a child of the test: it can be killed, stopped, frozen and started again on its port.
final class ServerProcess: Sendable {
    let port: Int
    private let program: URL
    private let arguments: [String]
    private let process = Mutex<Process?>(nil)

    /// `{port}` is replaced in the arguments.
    init(_ program: URL, _ arguments: [String]) throws {
        port = try freePort()
        self.program = program
        let number = "\(port)"
        self.arguments = arguments.map { $0.replacing("{port}", with: number) }
    }

    deinit { kill() }

    /// Starts it and returns when somebody listens on the port.
    func start() async throws {
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        process.standardInput = FileHandle.nullDevice
        try process.run()
        Self.endWithTheTests(process)
        self.process.withLock { $0 = process }
        let listens = try await eventually(within: .seconds(40)) { (try? Connection(port: port)) != nil }
        try #require(listens, "\(program.lastPathComponent) does not start")
    }

    /// As `kill -9`.
    func kill() {
        process.withLock { process in
            guard let running = process, running.isRunning else { return }
            Glibc.kill(running.processIdentifier, SIGKILL)
            running.waitUntilExit()
            process = nil
        }
    }

    /// Keeps its connections and answers nobody, until it is thawed.
    func freeze() {
        process.withLock { process in
            guard let running = process else { return }
            Glibc.kill(running.processIdentifier, SIGSTOP)
            // The thread that takes the signal stops the others: until it has its turn, they answer.
            var stopped = siginfo_t()
            waitid(P_PID, id_t(running.processIdentifier), &stopped, WSTOPPED | WNOWAIT)
        }
    }

    func thaw() {
        process.withLock { process in
            if let running = process { Glibc.kill(running.processIdentifier, SIGCONT) }
        }
    }

    private static let started = Mutex<[Process]>([])
    private static let registration: Void = { atexit { ServerProcess.endAll() } }()

    /// A server that a whole suite shares is never released: it ends when the program that runs the tests does.
    private static func endWithTheTests(_ process: Process) {
        registration
        started.withLock { $0.append(process) }
    }

    /// One that ended before is not signalled: its number may be somebody else's.
    private static func endAll() {
        let running = started.withLock { $0.filter(\.isRunning).map(\.processIdentifier) }
        for pid in running { Glibc.kill(pid, SIGKILL) }
    }
}
