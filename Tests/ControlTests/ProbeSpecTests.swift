import Control
import CoreTypes
import Testing

@Suite("Probes in the stack")
struct ProbeSpecTests {
    private func decode(_ check: String) throws -> ProbeSpec.Check {
        try JSON(parsing: Array(check.utf8)).decode(ProbeSpec.Check.self)
    }

    @Test("checks of the release before are understood, and written as it understands them")
    func older() throws {
        let http = #"{"http":{"headers":{},"method":"GET","path":"/","port":80,"statuses":[]}}"#
        let check = ProbeSpec.Check.http(port: 80, path: "/", method: "GET", statuses: [], headers: [:])
        #expect(try decode(http) == check)
        #expect(try String(decoding: JSON(encoding: check).bytes, as: UTF8.self) == http)
        #expect(try decode(#"{"tcp":{"port":80}}"#) == .tcp(port: 80))
        #expect(
            try String(decoding: JSON(encoding: ProbeSpec.Check.tcp(port: 80)).bytes, as: UTF8.self)
                == #"{"tcp":{"port":80}}"#)
    }

    @Test(
        "every check is the same after it went through JSON",
        arguments: [
            .http(host: "::1", port: 1, path: "/", method: "HEAD", statuses: [204], headers: ["A": "b"]),
            .tcp(host: "10.0.0.1", port: 1), .exec(command: ["/bin/true"]), .notify, .unit(name: "a.service"),
            .redis(at: StoreAddress(port: 6379)),
            .mongodb(at: StoreAddress(host: "::1", port: 1, user: "u", passwordFile: "/p", database: "d")),
        ] as [ProbeSpec.Check])
    func roundTrip(_ check: ProbeSpec.Check) throws {
        #expect(try JSON(encoding: check).decode(ProbeSpec.Check.self) == check)
    }

    @Test("a run's line tells whether it is ready, and the line of an earlier release tells that it is not")
    func runRecords() throws {
        let ready = RunRecord(
            boot: "b", instance: try InstanceName("api@blue"), pid: 7, startTime: 9, invocation: "i", isReady: true)
        #expect(ready.line == "b api@blue 7 9 i ready\n")
        let lines = "b api@blue 7 9 i\n" + ready.line + "b api@blue 7 9 i other\n"
        #expect(RunRecord.all(in: Array(lines.utf8)).map(\.isReady) == [false, true])
    }
}
