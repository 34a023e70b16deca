import CoreTypes
import Foundation
import Testing

@testable import Fernet

/// Against another implementation: the Python package `cryptography`.
@Suite(
    "Fernet against Python, Runtime",
    .enabled(if: Python.hasCryptography, "python3 with the package 'cryptography' is not installed"))
struct FernetRuntimeTests {
    private let key: String
    private let fernet: FernetKey
    private let now = Int64(Date().timeIntervalSince1970)

    init() throws {
        key = Base64URL.encode(try RandomSource.openSSL.bytes(FernetKey.size), padded: true)
        fernet = try FernetKey(Secret(key, named: "KEY"))
    }

    @Test("Python reads what we encrypt")
    func encrypt() throws {
        let token = try fernet.encrypt(Array("größer als 16 Bytes".utf8), now: now)
        let script = "print(Fernet(sys.argv[1]).decrypt(sys.argv[2].encode(), ttl=60).decode())"
        #expect(try Python.run(script, key, token) == "größer als 16 Bytes\n")
    }

    @Test("we read what Python encrypts")
    func decrypt() throws {
        let token = try Python.run("print(Fernet(sys.argv[1]).encrypt(sys.argv[2].encode()).decode())", key, "héllo")
        let message = try fernet.decrypt(token.trimmingCharacters(in: .newlines), now: now, lifetime: 120)
        #expect(String(decoding: message, as: UTF8.self) == "héllo")
    }
}

/// Runs a line of Python; the keys it gets are made for one test.
enum Python {
    static let hasCryptography: Bool = (try? run("print('yes')")) == "yes\n"

    static func run(_ line: String, _ arguments: String...) throws -> String {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments =
            ["python3", "-c", "import sys\nfrom cryptography.fernet import Fernet\n" + line] + arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(status: process.terminationStatus) }
        return String(decoding: data, as: UTF8.self)
    }

    struct Failed: Error { let status: Int32 }
}
