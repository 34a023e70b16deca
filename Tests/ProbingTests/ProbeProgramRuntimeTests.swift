import CoreTypes
import Foundation
import Testing

@testable import Probing

@Suite("The helper program, Runtime")
struct ProbeProgramRuntimeTests {
    private static let program = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "bedplate-probe")

    /// The line it printed and its exit code.
    /// `setting`: a command that gets the program's line and starts it.
    private func run(
        _ arguments: [String], environment: [String: String] = [:], setting: [String] = []
    ) throws -> (line: String, exit: Int32) {
        let process = Process()
        let line = setting + [Self.program.path()] + arguments
        process.executableURL = URL(filePath: line[0])
        process.arguments = Array(line.dropFirst())
        // Without it the driver's counters are kept for whoever has this pid next, and complained of; see ProbeProgram.
        process.environment = environment.merging(["MONGOC_DISABLE_SHM": "1"]) { own, _ in own }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let bytes = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        let text = String(decoding: bytes, as: UTF8.self)
        return (text.trimmingCharacters(in: .newlines), process.terminationStatus)
    }

    private func secret(_ text: String, in folder: ScratchFolder) throws -> String {
        let file = folder.url.appending(path: UUID().uuidString)
        try Data(text.utf8).write(to: file)
        return file.path()
    }

    @Test(
        "redis: silence and 0 with the right password, one line and 1 with another",
        .enabled(if: RedisServer.program != nil, "redis-server is not installed: apt-get install redis-server"))
    func redis() throws {
        let folder = try ScratchFolder()
        let server = try RedisServer.start("requirepass hunter2")
        let address = ["redis", "127.0.0.1", "\(server.port)", "--timeout", "5000"]
        let right = try run(address + ["--password-file", secret("hunter2\n", in: folder)])
        #expect(right == ("", 0))
        let wrong = try run(address + ["--password-file", secret("hunter3", in: folder)])
        #expect(wrong == ("redis at 127.0.0.1:\(server.port): it refuses our user or password", 1))
        server.stop()
        #expect(try run(address) == ("redis at 127.0.0.1:\(server.port): nothing listens there", 1))
    }

    @Test(
        "mongodb: silence and 0 with the right password, one line and 1 with another",
        .enabled(
            if: MongoServer.program != nil, "SecantusDB could not be installed from PyPI into a virtual environment"))
    func mongodb() throws {
        let folder = try ScratchFolder()
        let server = try MongoServer.start(user: "app", password: "hunter2")
        let address = ["mongodb", "127.0.0.1", "\(server.port)", "--user", "app", "--timeout", "5000"]
        let right = try run(address + ["--password-file", secret("hunter2\n", in: folder)])
        #expect(right == ("", 0))
        let wrong = try run(address + ["--password-file", secret("hunter3", in: folder)])
        #expect(wrong == ("mongodb at 127.0.0.1:\(server.port): it refuses our user or password", 1))
    }

    @Test(
        "a machine without libmongoc is told so where a MongoDB is asked, and nowhere else",
        .enabled(if: geteuid() == 0, "hiding a library from a program needs root"))
    func withoutLibrary() throws {
        let hiding = [
            "/usr/bin/unshare", "--mount", "/bin/sh", "-c",
            "mount --bind /dev/null /usr/lib/*/libmongoc-1.0.so.0 && exec \"$@\"", "sh",
        ]
        let (descriptor, port) = try Loopback.listen()
        defer { close(descriptor) }
        let mongodb = try run(["mongodb", "127.0.0.1", "\(port)"], setting: hiding)
        #expect(
            mongodb == (
                "mongodb at 127.0.0.1:\(port): libmongoc-1.0.so.0, which talks to it, is not installed here "
                    + "or is another version's", 1
            ))
        let free = try Loopback.freePort()
        let redis = try run(["redis", "127.0.0.1", "\(free)"], setting: hiding)
        #expect(redis == ("redis at 127.0.0.1:\(free): nothing listens there", 1))
    }

    @Test("unit: silence and 0 when it is active, one line and 1 when it is not")
    func unit() throws {
        let manager = try FakeManager(["a.service": ("loaded", "active"), "b.service": ("loaded", "failed")])
        let environment = ["DBUS_SYSTEM_BUS_ADDRESS": manager.address]
        let active = try run(["unit", "a.service", "--timeout", "10000"], environment: environment)
        #expect(active == ("", 0))
        let failed = try run(["unit", "b.service", "--timeout", "10000"], environment: environment)
        #expect(failed == ("b.service: the unit is failed", 1))
    }

    @Test(
        "a question that is none is a usage error",
        arguments: [
            [], ["redis"], ["redis", "127.0.0.1"], ["redis", "127.0.0.1", "0"], ["redis", "127.0.0.1", "70000"],
            ["mongodb", "127.0.0.1", "1", "--password", "x"], ["unit", "a.service", "--timeout", "soon"],
            ["unit", "a.service", "--timeout"], ["ftp", "127.0.0.1", "1"],
        ])
    func usage(_ arguments: [String]) {
        #expect(ProbeQuestion.ask(arguments).exit == .usage)
    }

    @Test("a password file that cannot be used is named, and nothing of what it holds is told")
    func passwordFiles() throws {
        let folder = try ScratchFolder()
        let long = try secret(String(repeating: "hunter2", count: 10_000), in: folder)
        let binary = try secret("hunter2\0", in: folder)
        let port = "\(try Loopback.freePort())"
        for (file, reason) in [
            ("/nowhere", "No such file or directory"), (long, "it is too long"), (binary, "it holds a NUL byte"),
        ] {
            let answer = ProbeQuestion.ask(["redis", "127.0.0.1", port, "--password-file", file])
            #expect(answer.exit == .failed)
            #expect(answer.line == "cannot probe: the password in '\(file)' cannot be read: \(reason)")
        }
    }
}
