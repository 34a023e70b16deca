import Foundation

/// A real server as a child of the test, on a port of its own, in a folder that goes with it.
final class Server {
    let port: Int
    private let process = Process()
    private let folder: ScratchFolder

    /// Starts the program and waits until `isReady` says yes; `{port}` and `{folder}` are replaced in the arguments.
    init(_ program: URL, _ arguments: [String], input: String = "", folder: ScratchFolder, isReady: (Int) -> Bool)
        throws
    {
        port = try Loopback.freePort()
        self.folder = folder
        let number = String(port)
        process.executableURL = program
        process.arguments = arguments.map {
            $0.replacing("{port}", with: number).replacing("{folder}", with: folder.url.path())
        }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        let pipe = Pipe()
        process.standardInput = pipe
        try process.run()
        try pipe.fileHandleForWriting.write(contentsOf: Data(input.replacing("{port}", with: number).utf8))
        try pipe.fileHandleForWriting.close()
        let deadline = ContinuousClock.now + .seconds(30)
        while !isReady(port) {
            guard process.isRunning, ContinuousClock.now < deadline else {
                stop()
                throw NotReady(program: program.lastPathComponent)
            }
            usleep(20_000)
        }
    }

    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit { stop() }

    struct NotReady: Error { let program: String }

    /// The first of these programs that is installed.
    static func find(_ paths: String...) -> URL? {
        paths.first { FileManager.default.isExecutableFile(atPath: $0) }.map { URL(filePath: $0) }
    }
}
