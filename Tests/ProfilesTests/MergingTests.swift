import CoreTypes
import Testing

@testable import Profiles

@Suite("Overlays and settings")
struct MergingTests {
    @Test("an overlay changes what it names and leaves the rest")
    func overlay() throws {
        let profile = try load(
            small, overlays: ["slots:\n  green: {api: 9002}\n", "processes:\n  engine: {user: scan}\n"]
        ).profile
        #expect(profile.slots == [.blue: ["api": try #require(Port(8001))], .green: ["api": try #require(Port(9002))]])
        #expect(profile.processes.map(\.user) == [nil, nil, "scan"])
    }

    @Test("a list is replaced whole")
    func lists() throws {
        let profile = try load(small, overlays: ["routes:\n  - {path: /v2/, to: api}\n"]).profile
        #expect(profile.routes.map(\.path) == ["/v2/"])
    }

    @Test("null in an overlay takes a value back to its default, and a process out")
    func null() throws {
        let profile = try load(
            small, overlays: ["processes:\n  engine: null\n  worker: {slotted: ~, requires: null}\n"]
        ).profile
        #expect(profile.processes.map(\.name.description) == ["api", "worker"])
        #expect(profile.processes[1].isSlotted == false)
    }

    @Test("an overlay of comments changes nothing")
    func comments() throws {
        #expect(try load(small, overlays: ["# nothing yet\n"]).profile == load(small).profile)
    }

    @Test("settings have the last word, reach into lists and take YAML values")
    func settings() throws {
        let profile = try load(
            small, overlays: ["front_door: {drain: 10s}\n"],
            settings: [
                "front_door.drain=20s", "routes.0.body=1GiB", "processes.engine.command=[/bin/engine, --fast]",
                "processes.engine.restart.limit={count: 3, window: 1m}",
            ]
        ).profile
        #expect(profile.frontDoor.drain == .seconds(20))
        #expect(profile.routes[0].body.description == "1GiB")
        #expect(profile.processes[2].command == ["/bin/engine", "--fast"])
        #expect(profile.processes[2].restart.limit == .init(count: 3, window: .seconds(60)))
    }

    @Test(
        "a setting that cannot be right is a problem of its own",
        arguments: [
            ("drain", "--set drain: a setting is written key.path=value"),
            ("=5s", "--set =5s: '' is not a key path such as front_door.listen"),
            ("a..b=5s", "--set a..b=5s: 'a..b' is not a key path such as front_door.listen"),
            ("profile.x=1", "--set profile.x=1: profile.x: there is nothing to set at this path"),
            ("routes.7.to=api", "--set routes.7.to=api: routes.7.to: there is nothing to set at this path"),
            (
                "front_door.drian=5s",
                "--set front_door.drian=5s: front_door.drian: this key is unknown; did you mean 'drain'?"
            ),
            (
                "front_door.drain=5",
                """
                --set front_door.drain=5: front_door.drain: expected a time with a unit, such as 250ms, 30s or 1m30s, of at least 1s, not '5'
                """
            ),
        ])
    func badSettings(_ setting: String, _ wanted: String) {
        #expect(problems(small, settings: [setting]).map(\.description) == [wanted])
    }

    @Test("an overlay that is not YAML stops before guesses about the rest")
    func brokenOverlay() {
        let found = problems(small, overlays: ["slots: [\n"])
        #expect(found.count == 1)
        #expect(found.first?.file == "0.yaml")
    }
}
