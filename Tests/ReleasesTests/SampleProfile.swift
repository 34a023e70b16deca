import CoreTypes

@testable import Profiles

/// The shape of the shipped profile in values: two slots of api, worker and web, an engine, and a front door.
enum SampleProfile {
    static func make(
        manager: FrontDoor.Manager = .supervisor, port: Int = 8080, ports: [Slot: [String: Int]] = standardPorts,
        switching: Switching = Switching(watch: .zero, warm: .zero)
    ) -> Profile {
        Profile(
            name: "cspm", summary: "for tests", services: Services(store: .embedded, queue: .embedded),
            secrets: [SecretDeclaration(name: secretKey, generator: .hex(bytes: 32))],
            slots: ports.mapValues { $0.mapValues { Port($0)! } },
            processes: [
                process(
                    "api", port: "api", ["{release}/bin/cspm", "api", "--port", "{port}"],
                    environment: ["CSPM_DATA": "{data}", "CSPM_SLOT": "{slot}"], credentials: [secretKey],
                    startup: .http(path: "/api/health/live", method: "GET", statuses: [], headers: [:])),
                process("worker", ["{release}/bin/cspm", "worker"], after: ["api"], role: .worker),
                process("web", port: "web", ["{release}/bin/cspm", "web", "--port", "{port}"], startup: .tcp()),
                process("engine", isSlotted: false, ["{release}/bin/cspm", "engine"]),
            ],
            frontDoor: FrontDoor(address: "127.0.0.1", port: Port(port)!, manager: manager, drain: .seconds(900)),
            routes: [
                route("/api/code/upload-scan", "api", .seconds(900), .mebibytes(500), buffers: false),
                route("/api/containers/upload-scan", "api", .seconds(900), .mebibytes(500), buffers: false),
                route("/api/stream", "api", .seconds(900), .mebibytes(1), streams: true),
                route("/api/", "api", .seconds(30), .mebibytes(10)),
                route("/", "web", .seconds(30), .mebibytes(1)),
            ], switching: switching)
    }

    /// The same with a scheduler, a smoke check and a migration.
    static func makeWhole(
        switching: Switching = Switching(watch: .zero, warm: .zero), standsBy: Bool = false
    ) -> Profile {
        var profile = make(switching: switching)
        profile.processes += [
            process("beat", ["{release}/bin/beat"], role: .scheduler),
            process("smoke", ["{release}/bin/smoke"], role: .smoke, isOneshot: true),
            process("migrate", ["{release}/bin/migrate"], role: .migration, isOneshot: true),
        ]
        for index in profile.processes.indices where [.worker, .scheduler].contains(profile.processes[index].role) {
            profile.processes[index].standsBy = standsBy
        }
        return profile
    }

    /// With everything a front door on the open network has.
    static func makePublic(
        port: Int = 18443, plain: Int = 18081, preview: Int = 18082, ports: [Slot: [String: Int]] = standardPorts
    ) -> Profile {
        var profile = make(port: port, ports: ports)
        profile.frontDoor.tls = FrontDoor.TLS(
            domain: "scan.example.org", email: nil, acme: "", plainAddress: "127.0.0.1", plainPort: Port(plain)!)
        profile.frontDoor.names = ["www.example.org"]
        profile.frontDoor.preview = Listener(address: "127.0.0.1", port: Port(preview)!)
        profile.frontDoor.limits = [
            "general": RequestLimit(rate: "100r/s", burst: 500), "login": RequestLimit(rate: "1r/m", burst: 2),
        ]
        profile.routes = [
            route("/api/code/upload-scan", "api", .seconds(900), .mebibytes(500), buffers: false, limit: "general"),
            route(
                "/api/containers/upload-scan", "api", .seconds(900), .mebibytes(500), buffers: false, limit: "general"),
            route("/api/cloud-scans/", "api", .seconds(600), .mebibytes(10), limit: "general"),
            route("/api/setup/validate/", "api", .seconds(600), .mebibytes(10), limit: "general"),
            route("/api/auth/login", "api", .seconds(30), .mebibytes(10), limit: "login"),
            route("/api/silent", "web", .seconds(1), .mebibytes(10)),
            route("/api/stream", "api", .seconds(900), .mebibytes(1), streams: true),
            route("/api/", "api", .seconds(30), .mebibytes(10), limit: "general"),
            route("/static/", "api", .seconds(30), .mebibytes(10), cache: .immutable),
            route("/", "api", .seconds(30), .mebibytes(10), cache: .revalidate),
        ]
        return profile
    }

    static let standardPorts: [Slot: [String: Int]] = [
        .blue: ["api": 8001, "web": 3000], .green: ["api": 8002, "web": 3001],
    ]
    static let secretKey = try! SecretName("SECRET_KEY")
    static let firstRelease = try! ReleaseID(String(repeating: "1", count: 64))
    static let secondRelease = try! ReleaseID(String(repeating: "2", count: 64))

    private static func route(
        _ path: String, _ process: String, _ timeout: TimeSpan, _ body: ByteCount, buffers: Bool = true,
        streams: Bool = false, cache: Route.Cache = .application, limit: String? = nil
    ) -> Route {
        Route(
            path: path, process: try! ProcessName(process), timeout: timeout, body: body, buffersRequests: buffers,
            isStream: streams, cache: cache, limit: limit)
    }

    private static func process(
        _ name: String, isSlotted: Bool = true, port: String? = nil, _ command: [String],
        environment: [String: String] = [:], credentials: [SecretName] = [], after: [String] = [],
        startup: ProcessDeclaration.Probe.Check? = nil, role: ProcessDeclaration.Role = .server,
        isOneshot: Bool = false
    ) -> ProcessDeclaration {
        ProcessDeclaration(
            name: try! ProcessName(name), isSlotted: isSlotted, isOneshot: isOneshot, command: command,
            environment: environment, port: port, credentials: credentials, secretEnvironment: [:], user: nil,
            group: nil, requires: [], after: after.map { try! ProcessName($0) },
            restart: ProcessDeclaration.Restart(
                mode: .always, initial: .milliseconds(100), maximum: .seconds(30), resetAfter: .seconds(60), limit: nil),
            startup: startup.map {
                ProcessDeclaration.Probe(
                    check: $0, interval: .milliseconds(100), timeout: .seconds(2), startPeriod: .zero, failures: 300,
                    successes: 1)
            },
            readiness: nil, liveness: nil,
            stop: [.init(signal: "TERM", wait: .seconds(30)), .init(signal: "KILL", wait: .zero)],
            logs: ProcessDeclaration.Logs(
                maximumSize: .mebibytes(16), keep: 14, timestamps: true, maximumAge: .seconds(86_400),
                maximumTotal: .mebibytes(128), format: .text, journal: false, logstash: true),
            role: role)
    }
}
