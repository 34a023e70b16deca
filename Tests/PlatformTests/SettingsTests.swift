import CoreTypes
import Foundation
import SystemPackage
import Testing

@testable import Platform

@Suite("Settings and credentials")
struct SettingsTests {
    @Test(
        "what is missing or wrong in the environment is named, with exit code 64",
        arguments: [
            ([:], "CSPM_DATA"), (["CSPM_DATA": "relative"], "not an absolute path"),
            (["CSPM_DATA": "/d", "CSPM_SLOT": "red"], "CSPM_SLOT is 'red'"),
            (["CSPM_DATA": "/d", "CSPM_STORE": "mongo"], "CSPM_STORE is 'mongo'"),
            (["CSPM_DATA": "/d", "CSPM_QUEUE": "kafka"], "set it to embedded or redis"),
            (["CSPM_DATA": "/d", "CONTAINER_SCAN_RETENTION_DAYS": "0"], "CONTAINER_SCAN_RETENTION_DAYS is '0'"),
            (["CSPM_DATA": "/d", "CONTAINER_SCAN_RETENTION_DAYS": "many"], "'many'"),
            (["CSPM_DATA": "/d", "RATE_LIMIT_PER_ADDRESS": "-1"], "RATE_LIMIT_PER_ADDRESS is '-1'"),
            (["CSPM_DATA": "/d", "WEBHOOK_ALLOWED_RANGES": "10.0.0.0/8,10.1"], "'10.1', which is no range"),
            (["CSPM_DATA": "/d", "RATE_LIMIT_PER_KEY": "1.5"], "a number of requests a minute"),
        ])
    func environment(variables: [String: String], problem: String) {
        let error = #expect(throws: OperatorError.self) { try Settings(program: "api", environment: variables) }
        #expect(error?.exit == .usage && error?.description.contains(problem) == true)
    }

    @Test("a program's instance is named by its slot, and results stay 180 days unless told otherwise")
    func defaults() throws {
        let blue = try Settings(program: "worker", environment: ["CSPM_DATA": "/d", "CSPM_SLOT": "blue"])
        #expect(blue.instance("worker") == "worker@blue" && blue.retention == .seconds(180 * 86_400))
        let engine = try Settings(
            program: "engine", environment: ["CSPM_DATA": "/d", "CONTAINER_SCAN_RETENTION_DAYS": "7"])
        #expect(engine.instance("engine") == "engine" && engine.retention == .seconds(7 * 86_400))
        #expect(engine.store == .embedded && engine.queue == .embedded)
        let limited = try Settings(
            program: "api", environment: ["CSPM_DATA": "/d", "RATE_LIMIT_PER_ADDRESS": "0", "RATE_LIMIT_PER_KEY": "7"])
        #expect(limited.rates.address == nil && limited.rates.caller == Rate(requests: 7, in: .seconds(60)))
    }

    @Test("a credential is read from its file without the line break at its end")
    func credential() throws {
        let bench = try Bench()
        try "0123456789abcdef\n".write(
            toFile: bench.folder.appending("TOKEN").string, atomically: false, encoding: .utf8)
        let credentials = Credentials(program: "api", folder: bench.folder)
        #expect(try credentials.required("TOKEN", atLeast: 16).reveal() == "0123456789abcdef")
        #expect(try credentials.optional("OTHER") == nil)
    }

    @Test("a credential that is missing, too short, or no text is named, and never shown")
    func badCredentials() throws {
        let bench = try Bench()
        let credentials = Credentials(program: "api", folder: bench.folder)
        try "short".write(toFile: bench.folder.appending("SHORT").string, atomically: false, encoding: .utf8)
        try Data([0xFF, 0xFE]).write(to: URL(filePath: bench.folder.appending("BINARY").string))
        for name in ["SHORT", "BINARY", "MISSING"] {
            let error = #expect(throws: OperatorError.self) { try credentials.required(name, atLeast: 16) }
            let text = error?.description ?? ""
            #expect(text.contains("the credential \(name)") && !text.contains("'short'"))
        }
        let none = #expect(throws: OperatorError.self) {
            try Credentials(program: "api", folder: nil).required("X", atLeast: 1)
        }
        #expect(none?.exit == .usage)
    }
}
