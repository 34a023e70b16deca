import Control
import CoreTypes
import Testing

/// What `GetInterfaceDescription` hands out, held against the code that answers.
@Suite("The interface describes what is implemented")
struct ControlInterfaceTests {
    private let lines = ControlInterface.description.split(separator: "\n").map(String.init)

    private func names(after word: String) -> [String] {
        lines.filter { $0.hasPrefix("\(word) ") }.map {
            String($0.dropFirst(word.count + 1).prefix { $0.isLetter })
        }
    }

    /// The members of a declared type.
    private func members(of type: String) -> Set<String> {
        guard let start = lines.firstIndex(of: "type \(type) (") else { return [] }
        return Set(
            lines[(start + 1)...].prefix { $0 != ")" }.map { String($0.drop { $0 == " " }.prefix { $0 != ":" }) })
    }

    private func keys(_ value: some Encodable) throws -> Set<String> {
        guard case .object(let members) = try JSON(encoding: value) else { return [] }
        return Set(members.keys)
    }

    @Test("each method is declared, and each declared one exists")
    func methods() {
        #expect(names(after: "method").sorted() == ControlMethod.allCases.map(\.rawValue).sorted())
    }

    @Test("each error of ours is declared with its parameters, and each declared one is understood")
    func errors() throws {
        let errors: [ControlError] = [
            .unknownInstance("a"), .unknownSignal("a"), .notRunning("a"), .invalidStack(["a"]), .notSaved("a"),
            .notPermitted("a"),
            .shuttingDown,
        ]
        let prefix = ControlInterface.name + "."
        #expect(names(after: "error").sorted() == errors.map { String($0.name.dropFirst(prefix.count)) }.sorted())
        for error in errors {
            #expect(ControlError(name: error.name, parameters: error.parameters) == error)
            let line = try #require(lines.first { $0.hasPrefix("error \(error.name.dropFirst(prefix.count)) ") })
            guard case .object(let members) = error.parameters else { continue }
            for key in members.keys { #expect(line.contains("\(key): ")) }
        }
    }

    @Test("the declared types have the members that are sent")
    func types() throws {
        let name = try InstanceName("api@blue")
        let status = InstanceStatus(
            name: name, state: .up, wanted: true, healthy: true, pid: 1, since: 0, lastEnd: "", reason: "", says: "",
            release: try ReleaseID(String(repeating: "1", count: 64)), next: 0, lastLines: [])
        #expect(try members(of: "Instance") == keys(status))
        #expect(
            try members(of: "Event")
                == keys(SupervisorEvent(at: 0, kind: .state, instance: name, state: .up, pid: 1, reason: "")))
        let family = MetricFamily("a_seconds", .gauge, unit: "seconds", help: "", samples: [])
        #expect(try members(of: "Metric") == keys(family))
        #expect(try members(of: "Sample") == keys(MetricFamily.Sample([:], 1)))
    }
}
