import Control
import CoreTypes
import Testing

@Suite("The policy of logs in a stack")
struct LogPolicyTests {
    @Test("a stack of an older CLI gets no limit that it did not ask for")
    func older() throws {
        let policy = try JSON(parsing: #"{"keep":5,"maximumSize":"16MiB","timestamps":true}"#).decode(LogPolicy.self)
        #expect(policy == LogPolicy(keep: 5, maximumAge: nil, maximumTotal: nil))
        #expect(try JSON(encoding: LogPolicy()).decode(LogPolicy.self) == LogPolicy())
    }

    @Test("a changed policy, or an outlet that appears, restarts nothing")
    func noRestart() throws {
        let name = try InstanceName("api@blue")
        let directories = Stack.Directories(state: "/s", logs: "/l", run: "/r")
        let old = Stack(
            profile: "p", directories: directories, instances: [InstanceSpec(name: name, command: ["/bin/true"])])
        var new = old
        new.instances[0].logs = LogPolicy(maximumTotal: .mebibytes(64), format: .json, journal: true)
        new.logging = Logging(logstash: .init(address: try Endpoint("127.0.0.1:5044")))
        #expect(old.difference(to: new).unchanged == [name])
        #expect(new.problems.isEmpty)
        #expect(try JSON(encoding: new).decode(Stack.self) == new)
    }
}
