import CoreTypes
import Testing

@testable import Profiles

@Suite("Logs in a profile")
struct LoggingTests {
    @Test("rotation by size and age with a total is on by default, and nothing leaves the machine")
    func defaults() throws {
        let profile = try load(small).profile
        let logs = try #require(profile.processes.first).logs
        #expect(logs.maximumSize == .mebibytes(16))
        #expect(logs.maximumAge == .seconds(86_400))
        #expect(logs.maximumTotal == .mebibytes(128))
        #expect(logs.format == .text)
        #expect(!logs.journal)
        #expect(profile.logging.logstash == nil)
    }

    @Test("what is written is what is meant")
    func written() throws {
        let text = small(
            "command: [/usr/bin/worker]",
            "command: [/w]\n    logs: {format: json, maximum_age: 12h, maximum_total: 1GiB, journal: true, logstash: false}"
        )
        let profile = try load("\(text)\nlogging:\n  logstash: {address: '[::1]:5044'}").profile
        let logs = try #require(profile.processes.first { $0.name.description == "worker" }).logs
        #expect(logs.format == .json)
        #expect(logs.maximumAge == .seconds(12 * 3600))
        #expect(logs.maximumTotal == .mebibytes(1024))
        #expect(logs.journal)
        #expect(!logs.logstash)
        #expect(profile.logging.logstash?.address.host == "::1")
        #expect(profile.logging.logstash?.address.port == 5044)
        #expect(profile.logging.logstash?.spool == .mebibytes(64))
    }

    @Test(
        "each mistake is reported once, at its place",
        arguments: [
            ("{maximum_size: 1KiB}", "processes.worker.logs.maximum_size: a log is rotated at 4KiB or more"),
            (
                "{maximum_total: 1MiB}",
                "processes.worker.logs.maximum_total: all files together (1MiB) may take less than a single one (16MiB)"
            ),
            (
                "{maximum_size: 1GiB}",
                "processes.worker.logs.maximum_size: all files together (128MiB) may take less than a single one (1GiB)"
            ),
            (
                "{format: json, timestamps: false}",
                "processes.worker.logs.timestamps: JSON lines always have their time"
            ),
        ])
    func mistakes(_ logs: String, _ wanted: String) {
        let text = small("command: [/usr/bin/worker]", "command: [/w]\n    logs: \(logs)")
        #expect(lines(problems(text)) == ["18: \(wanted) -"])
    }

    @Test(
        "an address is a host and a port, and a spool holds a few long lines",
        arguments: [
            ("{address: localhost}", "address: expected a host and a port, such as 127.0.0.1:5044 or '[::1]:5044'"),
            ("{address: 'logs:0'}", "address: expected a host and a port, such as 127.0.0.1:5044 or '[::1]:5044'"),
            ("{address: '::1:5044'}", "address: expected a host and a port, such as 127.0.0.1:5044 or '[::1]:5044'"),
            ("{address: 'lo gs:5044'}", "address: expected a host and a port, such as 127.0.0.1:5044 or '[::1]:5044'"),
            ("{address: 'logs:5044', spool: 64KiB}", "spool: a spool holds 1MiB or more"),
        ])
    func addresses(_ logstash: String, _ wanted: String) {
        #expect(lines(problems("\(small)\nlogging:\n  logstash: \(logstash)")) == ["24: logging.logstash.\(wanted) -"])
    }
}
