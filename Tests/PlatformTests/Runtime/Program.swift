import Foundation
import Glibc
import Testing

/// A running `cspm`, started from the folder of this test's own binary, and ended with it.
final class Program {
    let pid: pid_t
    private let log: FileHandle
    private let process = Process()

    init(_ arguments: [String], environment: [String: String], log path: String) throws {
        try Data().write(to: URL(filePath: path))
        log = try FileHandle(forWritingTo: URL(filePath: path))
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        process.executableURL = URL(filePath: own).deletingLastPathComponent().appending(path: "cspm")
        process.arguments = arguments
        process.environment = environment
        process.standardError = log
        process.standardOutput = log
        try process.run()
        pid = process.processIdentifier
    }

    deinit {
        if process.isRunning { Glibc.kill(pid, SIGKILL) }
    }

    var isRunning: Bool { process.isRunning }

    func signal(_ number: Int32) { Glibc.kill(pid, number) }

    /// The status it exits with; `nil` where a signal ended it.
    func status() async throws -> Int32? {
        try #require(await eventually(within: .seconds(30)) { !process.isRunning }, "it goes on")
        return process.terminationReason == .exit ? process.terminationStatus : nil
    }
}
