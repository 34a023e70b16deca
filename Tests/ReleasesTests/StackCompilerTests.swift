import Control
import CoreTypes
import Host
import Releases
import SystemPackage
import Testing

@testable import Profiles

@Suite struct StackCompilerTests {
    private let layout = Layout(root: "/trial")
    private let record = SlotRecord(blue: SampleProfile.firstRelease, green: SampleProfile.secondRelease)

    private func stack(live: Slot = .blue, _ profile: Profile = SampleProfile.make()) throws -> [String: InstanceSpec] {
        let stack = try StackCompiler(profile: profile, layout: layout).compile(record, live: live)
        return Dictionary(uniqueKeysWithValues: stack.instances.map { ($0.name.description, $0) })
    }

    @Test("every slotted process has an instance a slot, the others have one, and the supervisor's nginx is one more")
    func names() throws {
        #expect(
            try stack().keys.sorted() == [
                "api@blue", "api@green", "engine", "keeper", "nginx", "web@blue", "web@green", "worker@blue",
                "worker@green",
            ])
        #expect(try stack(SampleProfile.make(manager: .systemd))["nginx"] == nil)
    }

    @Test("the stack says which slot is live and where metrics are told, so that the supervisor can")
    func liveAndMetrics() throws {
        var profile = SampleProfile.make()
        profile.metrics = MetricsListener(address: "[::1]", port: Port(9101)!)
        let stack = try StackCompiler(profile: profile, layout: layout).compile(record, live: .green)
        #expect(stack.live == .green)
        #expect(stack.metrics == MetricsEndpoint(address: "::1", port: 9101))
        profile.processes.removeAll(where: \.isSlotted)
        profile.metrics = nil
        let plain = try StackCompiler(profile: profile, layout: layout).compile(record, live: .green)
        #expect(plain.live == nil)
        #expect(plain.metrics == nil)
    }

    @Test("placeholders become the paths, ports and slot of the instance")
    func placeholders() throws {
        let api = try #require(try stack()["api@green"])
        let release = "/trial/var/lib/bedplate/releases/\(SampleProfile.secondRelease)"
        #expect(api.command == ["\(release)/bin/cspm", "api", "--port", "8002"])
        #expect(api.environment == ["CSPM_DATA": "/trial/var/lib/bedplate/data", "CSPM_SLOT": "green"])
        #expect(api.credentials == ["SECRET_KEY": "/trial/etc/bedplate/secrets/SECRET_KEY"])
        #expect(
            api.probes.startup?.check
                == .http(port: 8002, path: "/api/health/live", method: "GET", statuses: [], headers: [:]))
        #expect(api.release == SampleProfile.secondRelease)
        #expect(try stack()["worker@green"]?.after == [InstanceName("api@green")])
    }

    @Test("a process that runs as usual says nothing of it, so that a key which appears changes no stack")
    func usualChild() throws { #expect(try stack().values.allSatisfy { $0.child == nil }) }

    @Test("how processes run is resolved for each slot")
    func child() throws {
        var profile = SampleProfile.make()
        let index = try #require(profile.processes.firstIndex { $0.name.description == "api" })
        profile.processes[index].child.workingDirectory = "{data}"
        profile.processes[index].child.environmentFiles = ["-{data}/{slot}.env"]
        profile.processes[index].child.umask = 0o27
        profile.processes[index].child.noNewPrivileges = false
        profile.processes[index].child.sockets = [.init(name: "http", place: .port("api"), backlog: 10)]
        let stack = try stack(profile)
        let blue = try #require(stack["api@blue"])
        #expect(blue.workingDirectory == "/trial/var/lib/bedplate/data")
        #expect(
            blue.child?.value
                == ChildSettings(
                    environmentFiles: ["-/trial/var/lib/bedplate/data/blue.env"], umask: 0o27, mayGainPrivileges: true,
                    sockets: [ListeningSocket(name: "http", address: "127.0.0.1", port: 8001, backlog: 10)]))
        #expect(stack["api@green"]?.child?.value.sockets?.map(\.port) == [8002])
        #expect(stack["worker@blue"]?.child == nil)
    }

    @Test("the idle slot is not started with the stack, and what is outside the slots runs the live release")
    func liveSlot() throws {
        for live in Slot.allCases {
            let stack = try stack(live: live)
            #expect(stack["api@\(live)"]?.autostart == true)
            #expect(stack["api@\(live.other)"]?.autostart == false)
            #expect(stack["engine"]?.autostart == true)
            #expect(stack["engine"]?.release == record[live])
            #expect(try stack["nginx"]?.after == [InstanceName("api@\(live)"), InstanceName("web@\(live)")])
        }
    }

    @Test("a process with a schedule is one one-shot outside the slots, and runs the live release")
    func schedule() throws {
        var profile = SampleProfile.make()
        profile.processes[3].schedule = try Schedule("Mon..Fri 03:30")
        let engine = try #require(try stack(live: .green, profile)["engine"])
        #expect(engine.kind == .oneshot)
        #expect(engine.schedule?.description == "Mon..Fri 03:30")
        #expect(engine.release == SampleProfile.secondRelease)
        #expect(try stack()["engine"]?.schedule == nil)
    }

    @Test(
        "what runs nothing of a release is the same whichever is live; what needs one is left out before there is one")
    func withoutRelease() throws {
        var profile = SampleProfile.make()
        var redis = profile.processes[3]
        redis.name = try ProcessName("redis")
        redis.command = ["/usr/bin/redis-server"]
        redis.after = [try ProcessName("engine")]
        profile.processes.append(redis)
        #expect(try stack(live: .blue, profile)["redis"] == stack(live: .green, profile)["redis"])
        #expect(try stack(live: .blue, profile)["engine"] != stack(live: .green, profile)["engine"])
        let empty = try StackCompiler(profile: profile, layout: layout).compile(SlotRecord(), live: .blue)
        #expect(empty.instances.map(\.name.description) == ["redis", "nginx", "keeper"])
        #expect(empty.problems.isEmpty)
    }

    @Test("a slot without a release has no instances")
    func emptySlot() throws {
        let stack = try StackCompiler(profile: SampleProfile.make(), layout: layout)
            .compile(SlotRecord(blue: SampleProfile.firstRelease), live: .blue)
        #expect(stack.instances.allSatisfy { $0.name.slot != .green })
    }

    @Test("nginx is asked over loopback whether it serves, and is stopped by QUIT, TERM and KILL")
    func nginx() throws {
        let nginx = try #require(try stack()["nginx"])
        #expect(nginx.command.suffix(4) == ["-c", "/trial/etc/nginx/nginx.conf", "-g", "daemon off;"])
        #expect(nginx.stop.map(\.signal) == ["QUIT", "TERM", "KILL"])
        #expect(
            nginx.probes.readiness?.check
                == .http(port: 8080, path: "/.bedplate/slot", method: "GET", statuses: [200], headers: [:]))
    }

    @Test("probes find their addresses, and passwords by the files of the secrets")
    func probes() throws {
        typealias Probe = ProcessDeclaration.Probe
        func compiled(_ check: Probe.Check, of process: Int = 3) throws -> ProbeSpec.Check? {
            var profile = SampleProfile.make()
            profile.processes[process].readiness = Probe(
                check: check, interval: .seconds(5), timeout: .seconds(2), startPeriod: .zero, failures: 3, successes: 1
            )
            return try stack(profile)[process == 3 ? "engine" : "api@green"]?.probes.readiness?.check
        }
        let store = Probe.Address(host: "10.0.0.7", port: Port(6379)!)
        let login = Probe.Login(user: "app", password: SampleProfile.secretKey)
        let file = "/trial/etc/bedplate/secrets/SECRET_KEY"
        #expect(try compiled(.notify) == .notify)
        #expect(try compiled(.unit(name: "a.service")) == .unit(name: "a.service"))
        #expect(try compiled(.tcp(at: store)) == .tcp(host: "10.0.0.7", port: 6379))
        #expect(try compiled(.tcp(), of: 0) == .tcp(port: 8002))
        #expect(
            try compiled(.http(at: store, path: "/", method: "GET", statuses: [], headers: [:]), of: 0)
                == .http(host: "10.0.0.7", port: 6379, path: "/", method: "GET", statuses: [], headers: [:]))
        #expect(try compiled(.redis(at: store, .init())) == .redis(at: StoreAddress(host: "10.0.0.7", port: 6379)))
        #expect(
            try compiled(.mongodb(at: store, login, database: "db"))
                == .mongodb(
                    at: StoreAddress(
                        host: "10.0.0.7", port: 6379, user: "app", passwordFile: file, database: "db")))
    }

    @Test("braces around anything but a name are text, and a value with braces in it is taken as it is")
    func braces() throws {
        var profile = SampleProfile.make()
        let long = String(repeating: "a", count: 33)
        let text = ["{}", "{A}", "{a-b}", "{é}", "{\(long)}", "{", "a}b{", "{\"slot\": \"{slot}\"}", "{{slot}}"]
        profile.processes[0].command += text
        let compiled = try #require(try stack(profile)["api@blue"])
        #expect(compiled.command.suffix(9) == text.prefix(7) + ["{\"slot\": \"blue\"}", "{blue}"])
    }

    @Test("a placeholder that stands for nothing in a process is refused with what is known there")
    func unknownPlaceholder() throws {
        var profile = SampleProfile.make()
        profile.processes[3].command.append("{slot}")
        let error = #expect(throws: OperatorError.self) { try stack(profile) }
        #expect(error?.because == "{slot} in '{slot}' stands for nothing here")
    }
}
