import Control
import CoreTypes
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

@Suite("Commands")
struct CommandTests {
    let typed = CommandLineFixture()

    @Test(
        "what is asked wrongly ends with 64 and says so",
        arguments: [
            ["bogus"], ["status", "--bogus"], ["switch"], ["switch", "red"], ["start"], ["stop", "../x"],
            ["logs", "api@red"], ["logs", "api@blue", "--lines=-5"], ["secrets", "show", "lower", "--reveal"],
            ["secrets", "show", "TOKEN"], ["trial", "start", "--timeout", "abc"], ["profile", "validate", "/nowhere"],
        ])
    func usage(_ arguments: [String]) async {
        await typed.startTrial()
        let said = await typed.type(arguments.contains("trial") ? arguments : arguments + ["--root", "/trial"])
        #expect(said.exit == 64)
        #expect(said.result == "")
        #expect(said.failure != "")
    }

    @Test("a command that was asked for JSON answers in JSON, also when it was asked wrongly")
    func usageInJSON() async throws {
        for arguments in [["status", "--bogus"], ["switch", "red"], ["status", "--root", "/nowhere"]] {
            let said = await typed.type(arguments + ["--json"])
            let error = try #require(try said.json["error"] as? [String: Any])
            #expect(error["exit"] as? Int == 64)
            #expect(said.failure == "")
        }
    }

    @Test(
        "every command names a root where nothing is installed",
        arguments: [
            ["status"], ["switch", "green"], ["rollback"], ["logs", "api@blue"], ["start", "api@blue"], ["events"],
            ["metrics"],
            ["secrets", "list"], ["profile", "show"],
        ])
    func nothingInstalled(_ arguments: [String]) async {
        let said = await typed.type(arguments + ["--root", "/nowhere"])
        #expect(said.exit == 64)
        #expect(said.failure.contains("nothing is installed below /nowhere"))
    }

    @Test("commands that need the supervisor end with 75 when none answers")
    func noSupervisor() async {
        await typed.startTrial()
        typed.supervisor.crash()
        for arguments in [["status"], ["start", "api@blue"], ["logs", "api@blue"]] {
            let said = await typed.type(arguments + ["--root", "/trial"])
            #expect(said.exit == 75)
            #expect(said.failure.hasPrefix("cannot "))
        }
    }

    @Test("an error of the machine becomes a sentence, and its exit code is 1")
    func machineError() async throws {
        typed.host.disk.plantDirectory(typed.layout.profile)
        let said = await typed.type("status", "--root", "/trial", "--json")
        #expect(said.exit == 75)
        let shown = await typed.type("profile", "show", "--root", "/trial")
        #expect(shown.exit == 1)
        #expect(shown.failure == "cannot do 'bedplate profile show': read \(typed.layout.profile): Is a directory")
    }

    @Test("status says the same in text and in JSON")
    func status() async throws {
        await typed.startTrial()
        let text = await typed.type("status", "--root", "/trial")
        #expect(text.exit == 0)
        #expect(text.result.hasPrefix("live blue · 3 of 3 healthy · http://127.0.0.1:8080\n"))
        let json = try await typed.type("status", "--root", "/trial", "--json").json
        #expect(json["live"] as? String == "blue")
        #expect(json["healthy"] as? Int == 3)
        #expect(json["wanted"] as? Int == 3)
        let instances = try #require(json["instances"] as? [[String: Any]])
        #expect(
            instances.compactMap { $0["name"] as? String } == ["api@blue", "api@green", "engine", "keeper", "nginx"])
        for instance in instances {
            let name = try #require(instance["name"] as? String)
            let state = try #require(instance["state"] as? String)
            #expect(text.result.contains("\n\(name) ") && text.result.contains(" \(state) "))
        }
    }

    @Test("status tells what runs although a file of ours cannot be read, names the file, and ends with 1")
    func statusOfDamage() async throws {
        await typed.startTrial()
        let layout = typed.layout
        for path in [layout.slots, layout.live, layout.settings] {
            let good = try #require(typed.host.disk.text(path))
            typed.host.disk.plant(path, "garbage")
            let said = await typed.type("status", "--root", "/trial")
            #expect(said.exit == 1)
            #expect(said.result.contains("3 of 3 healthy"))
            #expect(said.result.contains("\(path)"))
            #expect(
                (try await typed.type("status", "--root", "/trial", "--json").json["problems"] as? [String])?.count == 1
            )
            typed.host.disk.plant(path, good)
        }
        #expect(await typed.type("status", "--root", "/trial").exit == 0)
    }

    @Test("events are a line each, and with --json an object each")
    func events() async throws {
        await typed.startTrial()
        _ = await typed.type("restart", "engine", "--root", "/trial")
        let said = await typed.type("events", "--lines", "1", "--root", "/trial")
        #expect(said.result == "1970-01-01T00:00:00.000Z  supervisor: trouble (restart engine)")
        let json = try await typed.type("events", "-n", "1", "--json", "--root", "/trial").json
        #expect(json["kind"] as? String == "trouble")
        #expect(json["reason"] as? String == "restart engine")
        #expect(await typed.type("events", "--lines=-1", "--root", "/trial").exit == 64)
    }

    @Test("metrics are OpenMetrics text with the switch that is under way, and the same in JSON")
    func metrics() async throws {
        await typed.startTrial()
        let said = await typed.type("metrics", "--root", "/trial")
        #expect(said.exit == 0)
        #expect(said.result.hasPrefix("# TYPE bedplate_instance_up gauge\n"))
        #expect(said.result.contains("\nbedplate_instance_up{instance=\"api@blue\"} 1\n"))
        #expect(said.result.hasSuffix("\n# EOF"))
        #expect(!said.result.contains("\nbedplate_switch_ongoing{"))
        var record = try #require(try SlotRecord.load(typed.layout, on: typed.host))
        record.ongoing = .init(from: .blue, to: .green, stage: .draining, began: 0)
        try record.save(typed.layout, on: typed.host)
        let during = await typed.type("metrics", "--root", "/trial").result
        #expect(
            during.contains("\nbedplate_switch_ongoing{from=\"blue\",stage=\"draining\",to=\"green\"} 1\n"))
        let families = try await typed.type("metrics", "--json", "--root", "/trial").json["families"]
        #expect(
            ((families as? [[String: Any]])?.compactMap { $0["name"] as? String }) == [
                "bedplate_instance_up", "bedplate_switch_ongoing",
            ])
    }

    @Test("logs begins with as many lines as asked for")
    func logs() async throws {
        await typed.startTrial()
        let api = try InstanceName("api@blue")
        try typed.supervisor.current().sicken(api, because: "no", lines: ["one", "two", "three"])
        #expect(await typed.type("logs", "api@blue", "-n", "2", "--root", "/trial").result == "two\nthree")
        let json = await typed.type("logs", "api@blue", "-n", "1", "--root", "/trial", "--json")
        #expect(json.result == #"{"instance":"api@blue","text":"three"}"#)
    }

    @Test("switch moves traffic, says each stage, and a second one changes nothing")
    func switching() async {
        await typed.startTrial()
        let said = await typed.type("switch", "green", "--root", "/trial")
        #expect(said.exit == 0)
        #expect(said.result.hasPrefix("green is live ("))
        #expect(said.progress.first == "  starting green, until all of it is healthy")
        #expect(said.progress.last == "  watching green")
        #expect(
            await typed.type("switch", "green", "--root", "/trial").result
                == "green is already live; nothing was changed")
        #expect(await typed.type("rollback", "--root", "/trial").result.hasPrefix("blue is live ("))
    }

    @Test("a root has one name, whichever link an operator came by")
    func links() async throws {
        try typed.host.disk.createLink("/a", to: "b")
        try typed.host.disk.createLink("/b", to: "/trial")
        #expect(await typed.type("trial", "start", "--root", "/a", "--checkout", "/checkout").exit == 0)
        #expect(typed.host.disk.text(typed.layout.stack)?.contains("/a/") == false)
        #expect(await typed.type("status", "--root", "a").exit == 0)
        try typed.host.disk.createLink("/loop", to: "loop")
        #expect(await typed.type("status", "--root", "/loop").exit == 1)
    }
}
