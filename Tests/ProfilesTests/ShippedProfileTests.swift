import CoreTypes
import Foundation
import Testing

@testable import Profiles

/// The repository this test was compiled in.
let repository = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

@Suite("The shipped profiles")
struct ShippedProfileTests {
    static let names = ["cspm.yaml", "fastapi-celery.yaml"]

    private func shipped(_ name: String) throws -> LoadedProfile {
        let data = try Data(contentsOf: repository.appending(path: "profiles/\(name)"))
        return try ProfileLoader(base: ProfileSource(name: name, bytes: Array(data))).load()
    }

    @Test("every file in profiles/ loads without a problem")
    func allLoad() throws {
        let found = try FileManager.default.contentsOfDirectory(atPath: repository.appending(path: "profiles").path())
        #expect(found.sorted() == Self.names)
        for name in found {
            #expect(try shipped(name).profile.name == String(name.dropLast(5)))
        }
    }

    @Test("the bundled platform has the ports, the probes and the routes of its file")
    func cspm() throws {
        let profile = try shipped("cspm.yaml").profile
        #expect(profile.slots[.blue]?["api"]?.number == 8001)
        #expect(profile.slots[.green]?["web"]?.number == 3001)
        #expect(profile.processes.map(\.name.description) == ["api", "worker", "web", "engine"])
        #expect(profile.processes.map(\.isSlotted) == [true, true, true, false])
        let api = try #require(profile.processes.first)
        #expect(api.startup?.failures == 300)
        #expect(api.startup?.interval == .milliseconds(100))
        #expect(
            api.readiness?.check == .http(path: "/api/health/ready", method: "GET", statuses: [], headers: [:]))
        #expect(api.stop == [.init(signal: "TERM", wait: .seconds(30)), .init(signal: "KILL", wait: .zero)])
        #expect(api.restart.maximum == .seconds(30))
        #expect(
            profile.routes.map(\.body.description) == ["500MiB", "500MiB", "10MiB", "10MiB", "10MiB", "10MiB", "10MiB"])
        #expect(profile.routes.map(\.buffersRequests) == [false, false, true, true, true, true, true])
        #expect(profile.frontDoor.address == "127.0.0.1")
        #expect(profile.frontDoor.port.number == 8080)
        #expect(profile.secrets.map(\.generator).contains(.password(length: 32)))
    }

    @Test("a FastAPI application has its ports, its worker, one scheduler at work, and can do without the scheduler")
    func fastapi() throws {
        let profile = try shipped("fastapi-celery.yaml").profile
        let ports = profile.slots.mapValues { $0.mapValues { $0.number } }
        #expect(ports == [.blue: ["api": 8001, "web": 3000], .green: ["api": 8002, "web": 3001]])
        #expect(profile.processes.map(\.name.description) == ["api", "worker", "web", "migrate", "beat"])
        #expect(profile.processes.map(\.role) == [.server, .worker, .server, .migration, .scheduler])
        // API, web, workers and scheduler move together.
        let slotted = profile.processes.filter(\.isSlotted)
        #expect(slotted == profile.processes)
        let beat = try #require(profile.processes.last)
        #expect(beat.standsBy && beat.startup?.check == .notify)
        // Neither is loaded while traffic moves.
        #expect(profile.processes.filter(\.standsBy).map(\.role) == [.worker, .scheduler])
        let worker = try #require(profile.processes.first { $0.role == .worker })
        #expect(worker.stop.first == .init(signal: "TERM", wait: .seconds(900), target: .main))
        #expect(profile.switching.watch == .seconds(60) && profile.frontDoor.drain == .seconds(900))
        let data = try Data(contentsOf: repository.appending(path: "profiles/fastapi-celery.yaml"))
        let without = try ProfileLoader(
            base: ProfileSource(name: "fastapi-celery.yaml", bytes: Array(data)),
            overlays: [ProfileSource(name: "conf.d/10-site.yaml", text: "processes: {beat: null}\n")]
        ).load()
        #expect(!without.profile.processes.contains { $0.role == .scheduler })
    }

    @Test("each value of the effective profile says where it comes from")
    func origins() throws {
        let base = try Data(contentsOf: repository.appending(path: "profiles/cspm.yaml"))
        let loaded = try ProfileLoader(
            base: ProfileSource(name: "cspm.yaml", bytes: Array(base)),
            overlays: [ProfileSource(name: "conf.d/10-site.yaml", text: "services:\n  store: mongodb\n")],
            settings: ["front_door.listen=0.0.0.0:80"]
        ).load()
        #expect(loaded.profile.services.store == .mongodb)
        #expect(loaded.profile.services.queue == .redis)
        #expect(loaded.profile.frontDoor.address == "0.0.0.0")
        #expect(
            loaded.origin(of: ProfilePath("services.store")) == .file(name: "conf.d/10-site.yaml", line: 2, column: 10))
        #expect(loaded.origin(of: ProfilePath("services.queue"))?.description == "cspm.yaml:10")
        #expect(loaded.origin(of: ProfilePath("front_door.listen")) == .setting("front_door.listen=0.0.0.0:80"))
        #expect(loaded.origin(of: ProfilePath("processes.worker.restart.mode")) == .byDefault)
        let listen = loaded.entries.first { $0.path.description == "front_door.listen" }
        #expect(listen?.text == "0.0.0.0:80")
    }
}
