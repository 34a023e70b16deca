import Control
import CoreTypes
import Testing

/// The package replaces the command line and the supervisor one after the other, so for a while they are not of one
/// release. What the later one adds, the earlier one must read past, and do without.
@Suite("Two releases understand each other")
struct OneReleaseApartTests {
    /// Members of these are names that somebody chose, none of the protocol's.
    private static let maps: Set<String> = ["environment", "secretEnvironment", "credentials", "labels", "headers"]

    /// `json` with a member in every object that no release knows yet.
    private func ofLaterRelease(_ json: JSON) -> JSON {
        switch json {
        case .object(let members):
            var later: [String: JSON] = ["laterReleasesMember": .object(["a": .array([.null, .number(0.5)])])]
            for (key, value) in members {
                if Self.maps.contains(key) {
                    later[key] = value
                } else if key == "check", case .object(let kinds) = value {
                    // Its one member says which kind of check it is.
                    later[key] = .object(kinds.mapValues(ofLaterRelease))
                } else {
                    later[key] = ofLaterRelease(value)
                }
            }
            return .object(later)
        case .array(let values): return .array(values.map(ofLaterRelease))
        case .null, .bool, .integer, .number, .string: return json
        }
    }

    private func demandReadPast<Value: Codable & Equatable>(_ value: Value) throws {
        let later = ofLaterRelease(try JSON(encoding: value))
        #expect(later != (try JSON(encoding: value)))
        #expect(try later.decode(Value.self) == value)
    }

    private func status() throws -> InstanceStatus {
        InstanceStatus(
            name: try InstanceName("api@blue"), state: .backingOff, wanted: true, healthy: false, pid: 4711, since: 17,
            restarts: 3, lastEnd: "exited 1", reason: "it ended", says: "busy",
            release: try ReleaseID(String(repeating: "1", count: 64)), next: 18, lastLines: ["a", "b"])
    }

    @Test("members that a later supervisor adds to its answers are read past")
    func answers() throws {
        let name = try InstanceName("api@blue")
        try demandReadPast(
            StatusReply(pid: 1, version: "9.0.0", since: 2, profile: "cspm", instances: [try status()]))
        try demandReadPast(ApplyReply(added: [name], removed: [], changed: [name], unchanged: []))
        try demandReadPast(SupervisorEvent(at: 1, kind: .state, instance: name, state: .up, pid: 2, reason: "a"))
        try demandReadPast(
            MetricFamily("a_seconds", .gauge, unit: "seconds", help: "a", samples: [.init(["a": "b"], 1)]))
    }

    @Test("members that a later command line adds to a stack are read past")
    func stacks() throws {
        let spec = InstanceSpec(
            name: try InstanceName("api@blue"), command: ["/bin/true"], environment: ["A": "b"],
            secretEnvironment: ["S": "/s"], credentials: ["c": "/c"],
            probes: ProbeSet(
                readiness: ProbeSpec(
                    check: .http(port: 80, path: "/", method: "GET", statuses: [200], headers: ["a": "b"]))))
        try demandReadPast(
            Stack(
                profile: "cspm", directories: .init(state: "/a", logs: "/b", run: "/c"), instances: [spec], live: .blue)
        )
    }

    @Test("members that another release adds to a call or a reply are read past")
    func envelopes() throws {
        let call = VarlinkCall(
            method: ControlMethod.logs.qualified, parameters: .object(["lines": .integer(3)]), more: true)
        let laterCall = try #require(VarlinkCall(ofLaterRelease(try JSON(parsing: call.message.dropLast())).bytes))
        #expect(laterCall.method == call.method && laterCall.more && !laterCall.oneway)
        #expect(laterCall.parameters["lines"] == .integer(3))
        let reply = VarlinkReply(.success(.object(["lines": .array([])])), continues: true)
        let laterReply = try #require(VarlinkReply(ofLaterRelease(try JSON(parsing: reply.message.dropLast())).bytes))
        #expect(laterReply.continues)
        #expect(try laterReply.result.get()["lines"] == .array([]))
        let refusal = VarlinkReply(.failure(.unknownInstance("web")))
        let laterRefusal = ofLaterRelease(try JSON(parsing: refusal.message.dropLast()))
        #expect(VarlinkReply(laterRefusal.bytes) == refusal)
    }

    @Test("what an earlier supervisor does not tell yet is not missed")
    func earlierStatus() throws {
        let told: JSON = .object([
            "name": .string("api@blue"), "state": .string("up"), "wanted": .bool(true), "healthy": .bool(true),
            "since": .integer(17), "restarts": .integer(0),
        ])
        let status = try told.decode(InstanceStatus.self)
        #expect(
            status
                == InstanceStatus(
                    name: try InstanceName("api@blue"), state: .up, wanted: true, healthy: true, since: 17))
        let event = try JSON.object(["at": .integer(1), "kind": .string("trouble")]).decode(SupervisorEvent.self)
        #expect(event == SupervisorEvent(at: 1, kind: .trouble))
    }

    @Test("a word of a later release is unknown, and what came with it is read")
    func laterWords() throws {
        guard case .object(var members) = try JSON(encoding: try status()) else {
            Issue.record("a status is no object")
            return
        }
        members["state"] = .string("hibernating")
        var expected = try status()
        expected.state = .unknown
        #expect(try JSON.object(members).decode(InstanceStatus.self) == expected)
        let event: JSON = .object(["at": .integer(1), "kind": .string("hibernated"), "state": .string("hibernating")])
        #expect(try event.decode(SupervisorEvent.self) == SupervisorEvent(at: 1, kind: .unknown, state: .unknown))
    }

    @Test("a kind of metric that a later supervisor has is unknown, and its numbers are told")
    func laterMetrics() throws {
        let told: JSON = .object([
            "name": .string("a_seconds"), "kind": .string("histogram"), "help": .string("a"),
            "samples": .array(
                [("_bucket", 1), ("_sum", 2)].map { suffix, value in
                    .object(["suffix": .string(suffix), "labels": .object([:]), "value": .integer(value)])
                }),
        ])
        let family = try told.decode(MetricFamily.self)
        #expect(
            family
                == MetricFamily(
                    "a_seconds", .unknown, help: "a",
                    samples: [.init([:], 1, suffix: "_bucket"), .init([:], 2, suffix: "_sum")]))
        #expect(try JSON(encoding: family).decode(MetricFamily.self) == family)
        // A metric of no known kind has no suffixes in OpenMetrics: each of them is one of its own.
        var text = MetricText()
        text.add(family)
        #expect(
            String(decoding: text.finished(), as: UTF8.self) == """
                # TYPE a_seconds_bucket unknown
                # HELP a_seconds_bucket a
                a_seconds_bucket 1
                # TYPE a_seconds_sum unknown
                # HELP a_seconds_sum a
                a_seconds_sum 2
                # EOF

                """)
    }

    @Test("an error of a later release, or a method that an earlier one lacks, says that the releases differ")
    func laterErrors() {
        let name = "\(ControlInterface.name).Hibernating"
        for error in [
            ControlError(name: name, parameters: .object(["until": .integer(1)])),
            ControlError(
                name: "\(ControlInterface.service).MethodNotFound", parameters: .object(["method": .string("Fly")])),
        ] {
            let said = error.asOperatorError(doing: "read the status")
            #expect(said.next?.contains("of another release") == true)
        }
    }
}
