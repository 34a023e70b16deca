import Testing

@testable import Profiles

@Suite("Checks across the keys of a profile")
struct ConsistencyTests {
    @Test("the small profile has no problem")
    func none() { #expect(problems(small) == []) }

    @Test(
        "each mistake is reported once, at its place",
        arguments: [
            ("  engine:", "  nginx:", "20: processes.nginx: the name 'nginx' is kept for the front door -"),
            ("requires: [api]", "requires: [apis]", "18: processes.worker.requires.0: there is no process 'apis' api"),
            ("requires: [api]", "after: [db]", "18: processes.worker.after.0: there is no process 'db' -"),
            (
                "requires: [api]", "requires: [worker]",
                "18: processes.worker.requires: these processes wait for each other in a circle: worker → worker -"
            ),
            (
                "credentials: [KEY]", "requires: [worker]",
                "12: processes.api.requires: these processes wait for each other in a circle: api → worker → api -"
            ),
            (
                "credentials: [KEY]", "after: [worker]",
                "12: processes.api.after: these processes wait for each other in a circle: api → worker → api -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/engine]\n    requires: [api]",
                "21: processes.engine.requires.0: 'engine' is outside the slots and cannot require 'api', of which each slot has one -"
            ),
            ("green: {api: 8002}", "green: {}", "10: processes.api.port: slot 'green' has no port 'api' -"),
            ("green: {api: 8002}", "green: {ap: 8002}", "10: processes.api.port: slot 'green' has no port 'api' ap"),
            (
                "green: {api: 8002}", "gren: {api: 8002}",
                "6: slots.gren: this key is unknown green"
            ),
            (
                "green: {api: 8002}", "green: {api: 8002}\nfront_door: {tls: {plain: \"0.0.0.0:8080\"}}",
                "7: front_door.tls.plain: port 8080 is taken by the front door -"
            ),
            (
                "green: {api: 8002}",
                "green: {api: 8002}\nfront_door: {tls: {domain: a.example, plain: \"0.0.0.0:81\"}}",
                "7: front_door.tls.plain: an ACME server asks on port 80, and not on 81 -"
            ),
            (
                "green: {api: 8002}", "green: {api: 8002}\nfront_door: {preview: \"127.0.0.1:8080\"}",
                "7: front_door.preview: port 8080 is taken by the front door -"
            ),
            (
                "green: {api: 8002}", "green: {api: 8002}\nfront_door: {limits: {all: {rate: 10/s}}}",
                "7: front_door.limits.all.rate: expected requests in a second or a minute: 10r/s, 30r/m -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/engine]\n    role: worker",
                "21: processes.engine.role: only a slotted process has a part in a switch -"
            ),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    standby: true",
                "18: processes.worker.standby: only a worker or a scheduler waits for its slot to be live -"
            ),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    role: worker\n    standby: true",
                "19: processes.worker.standby: it must say that it waits; add 'probes: {startup: {notify: true}}' -"
            ),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    role: smoke",
                "18: processes.worker.role: a switch waits for its end; add 'oneshot: true' -"
            ),
            (
                "credentials: [KEY]", "role: worker\n    credentials: [KEY]",
                "19: processes.worker.requires.0: a server starts before 'api', which is a worker -"
            ),
            (
                "  engine:", "  keeper:",
                "20: processes.keeper: the name 'keeper' is kept for what stops the old slot after a switch -"
            ),
            ("green: {api: 8002}", "green: {api: 8080}", "6: slots.green.api: port 8080 is taken by the front door -"),
            ("green: {api: 8002}", "green: {api: 8001}", "6: slots.green.api: port 8001 is taken by 'api' of blue -"),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    port: api",
                "18: processes.worker.port: 'api' already listens on the port 'api' -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/engine]\n    port: api",
                "21: processes.engine.port: 'engine' is outside the slots, and only slots have ports -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/engine]\n    probes: {liveness: {tcp: true}}",
                "21: processes.engine.probes.liveness.tcp: a tcp probe needs an address or a port, and 'engine' has no port -"
            ),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    probes: {readiness: {http: /}}",
                "18: processes.worker.probes.readiness.http: an http probe needs an address or a port, and 'worker' has no port -"
            ),
            (
                "{http: /ready}", "{http: /ready, tcp: true}",
                "14: processes.api.probes.readiness: a probe has exactly one of http, tcp, exec, notify, unit, redis and mongodb, not http and tcp -"
            ),
            (
                "{http: /ready}", "{interval: 1s}",
                "14: processes.api.probes.readiness: a probe has exactly one of http, tcp, exec, notify, unit, redis and mongodb, not none -"
            ),
            (
                "{http: /ready}", "{tcp: false}",
                "14: processes.api.probes.readiness.tcp: tcp can only be true; leave it out instead -"
            ),
            (
                "{http: /ready}", "{tcp: true, method: HEAD}",
                "14: processes.api.probes.readiness.method: 'method' belongs to an http probe -"
            ),
            (
                "{http: /ready}", "{notify: false}",
                "14: processes.api.probes.readiness.notify: notify can only be true; leave it out instead -"
            ),
            (
                "{http: /ready}", "{notify: true, interval: 1s}",
                "14: processes.api.probes.readiness.interval: a notify probe asks nothing and has no 'interval'; its 'timeout' is the longest silence -"
            ),
            (
                "{http: /ready}", "{exec: [/bin/true], address: 127.0.0.1:1}",
                "14: processes.api.probes.readiness.address: 'address' belongs to an http or tcp probe -"
            ),
            (
                "{http: /ready}", "{http: /ready, password: KEY}",
                "14: processes.api.probes.readiness.password: 'password' belongs to a redis or mongodb probe -"
            ),
            (
                "{http: /ready}", "{redis: 127.0.0.1:6379, password: KEY, database: app}",
                "14: processes.api.probes.readiness.database: 'database' belongs to a mongodb probe -"
            ),
            (
                "{http: /ready}", "{redis: 127.0.0.1:6379, password: KEX}",
                "14: processes.api.probes.readiness.password: there is no secret 'KEX' KEY"
            ),
            (
                "{http: /ready}", "{redis: 127.0.0.1:6379, user: app}",
                "14: processes.api.probes.readiness.user: a user needs a password -"
            ),
            (
                "{http: /ready}", "{mongodb: 127.0.0.1:27017, password: KEY}",
                "14: processes.api.probes.readiness.password: MongoDB has no password without a user -"
            ),
            (
                "{http: /ready}", "{mongodb: localhost:27017}",
                "14: processes.api.probes.readiness.mongodb: expected an IP address and a port, such as 127.0.0.1:8080 or '[::1]:8080', not 'localhost:27017' -"
            ),
            (
                "{http: /ready}", "{unit: redis-server}",
                "14: processes.api.probes.readiness.unit: 'redis-server' needs its type redis-server.service"
            ),
            (
                "{http: /ready}", "{http: /ready, interval: 0s}",
                "14: processes.api.probes.readiness.interval: expected a time with a unit, such as 250ms, 30s or 1m30s, of at least 10ms, not '0s' -"
            ),
            (
                "- {path: /, to: api}", "- {path: /a, to: api}\nswitch: {smoke: [{path: '/a?b=1'}, {path: /zz}]}",
                "23: switch.smoke.1.path: no route leads to '/zz' -"
            ),
            ("to: api", "to: web", "22: routes.0.to: there is no process 'web' -"),
            ("to: api", "to: worker", "22: routes.0.to: 'worker' has no port -"),
            ("to: api", "to: engine", "22: routes.0.to: 'engine' is outside the slots -"),
            (
                "path: /, to", "path: /; return 200, to",
                "22: routes.0.path: '/; return 200' is not a path that begins with '/', of letters, digits and . _ ~ - / -"
            ),
            (
                "- {path: /, to: api}", "- {path: /, to: api}\n  - {path: /, to: api}",
                "23: routes.1.path: route 1 already has the path '/' -"
            ),
            (
                "KEY: {generate: hex}", "KEY: {generate: hex}\n  OLD: {generate: previous}",
                "4: secrets.OLD.generate: it keeps what another secret was, so it is called like that one with _PREVIOUS at the end -"
            ),
            ("[KEY]", "[KEI]", "12: processes.api.credentials.0: there is no secret 'KEI' KEY"),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker]\n    secret_environment: {K: KEI}",
                "18: processes.worker.secret_environment.K: there is no secret 'KEI' KEY"
            ),
            ("--port", "\"{prot}\"", "11: processes.api.command.1: the placeholder '{prot}' is unknown {port}"),
            (
                "[/usr/bin/worker]", "[/usr/bin/worker, '{port}']",
                "17: processes.worker.command.1: '{port}' needs a port, and 'worker' has none -"
            ),
            (
                "{release}/bin/engine", "{release}/bin/{slot}",
                "20: processes.engine.command.0: '{slot}' needs a slot, and 'engine' is outside them -"
            ),
            (
                "/usr/bin/worker", "worker",
                "17: processes.worker.command.0: 'worker' must be absolute or begin with {release}/, {build}/, {programs}/, {data}/, {logs}/, {run}/, {runtimes}/, {configuration}/ -"
            ),
            ("[/usr/bin/worker]", "[]", "17: processes.worker.command: expected at least 1 in this list, not 0 -"),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    stop: [{signal: SIGTERM, wait: 1s}, {signal: KILL}]",
                """
                18: processes.worker.stop.0.signal: 'SIGTERM' is not one of HUP, INT, QUIT, TERM, KILL, USR1, USR2, ALRM, CONT, WINCH, PIPE TERM
                """
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    stop: [{signal: TERM}, {signal: KILL}]",
                "18: processes.worker.stop.0.wait: 'TERM' needs a wait before the next signal -"
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    restart: {maximum: 50ms}",
                "18: processes.worker.restart.maximum: the longest wait (50ms) is shorter than the first (100ms) -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/e]\n    schedule: hurly",
                """
                21: processes.engine.schedule: 'hurly' is no schedule: 'hurly' is neither a weekday nor one of daily, hourly, minutely, monthly, weekly, yearly -
                """
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/e]\n    schedule: every 5m\n    restart: {mode: never}",
                "22: processes.engine.restart: what has a schedule is tried again at its next time; leave 'restart' out -"
            ),
            (
                "[\"{release}/bin/engine\"]", "[/bin/e]\n    schedule: daily\n    oneshot: false",
                "22: processes.engine.oneshot: what has a schedule runs to completion; leave 'oneshot' out -"
            ),
            (
                "[\"{release}/bin/engine\"]",
                "[/bin/e]\n    schedule: daily\n    probes: {readiness: {exec: [/bin/true]}}",
                """
                22: processes.engine.probes.readiness: what has a schedule is judged by its end; only liveness can be probed -
                """
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    schedule: 'Mon..Fri 03:30'",
                "16: processes.worker.slotted: with a schedule, 'worker' would run in both slots; leave 'slotted' out -"
            ),
            (
                "requires: [api]", "requires: [clean]\n  clean:\n    schedule: daily\n    command: [/bin/c]",
                "18: processes.worker.requires.0: 'clean' only runs now and then, and cannot be required -"
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    logs: {maximum_size: 0B}",
                """
                18: processes.worker.logs.maximum_size: expected a size with a unit, such as 64KiB or 10MiB, of at least 1B, not '0B' -
                """
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    environment: {DB_PASSWORD: hunter2}",
                """
                18: processes.worker.environment.DB_PASSWORD: a secret's value cannot stand in a profile; declare it under secrets, use secret_environment -
                """
            ),
            (
                "[/usr/bin/worker]", "[/bin/w]\n    environment: {DB: 'redis://app:hunter2@127.0.0.1/0'}",
                "18: processes.worker.environment.DB: a password in a URL cannot stand in a profile; declare it under secrets -"
            ),
            (
                "[/usr/bin/worker]", "[/bin/w, --token=hunter2]",
                """
                17: processes.worker.command.1: a secret in a command is visible to every user; use credentials or secret_environment -
                """
            ),
            ("{generate: hex}", "{generate: fernet, bytes: 32}", "3: secrets.KEY.bytes: 'fernet' takes no 'bytes' -"),
            (
                "{generate: hex}", "{generate: hex, bytes: 8}",
                "3: secrets.KEY.bytes: expected a whole number from 16 to 1024, not '8' -"
            ),
            ("{generate: hex}", "{}", "3: secrets.KEY.generate: this key is missing -"),
            ("{generate: hex}", "hunter2", "3: secrets.KEY: expected a mapping, not 'hunter2' -"),
        ])
    func mistakes(_ old: String, _ new: String, _ wanted: String) {
        #expect(lines(problems(small(old, new))) == [wanted])
    }

    @Test("what only follows from a mistake is not reported as another one")
    func noFollowers() {
        // A process that lost its port to a typo has a probe, a placeholder and a route that need it.
        #expect(
            lines(problems(small("    port: api", "    prot: api"))) == [
                "10: processes.api.prot: this key is unknown port"
            ])
        #expect(problems(small("    slotted: true\n    port", "    slotted: on\n    port")).count == 1)
    }

    @Test(
        "a listen address is an IP address and a port",
        arguments: [
            "localhost:80", "127.0.0.1", "::1:80", "[::1]", "127.0.0.1:0", "127.0.0.1:080", "1.2.3.4.5:80", "*:80",
            "127.0.0.1:80;",
        ])
    func listen(_ text: String) {
        #expect(
            problems(small, settings: ["front_door.listen='\(text)'"]).map(\.path.description) == ["front_door.listen"])
    }

    @Test("metrics are told on a loopback address and a port that nobody else has")
    func metrics() throws {
        #expect(try load(small).profile.metrics == nil)
        let metrics = try load(small, settings: ["metrics.listen='[::1]:9101'"]).profile.metrics
        #expect(metrics == MetricsListener(address: "[::1]", port: Port(9101)!))
        #expect(metrics?.host == "::1")
        for text in ["0.0.0.0:9101", "192.168.1.2:9101", "[::]:9101"] {
            let found = problems(small, settings: ["metrics.listen='\(text)'"])
            #expect(found.map(\.path.description) == ["metrics.listen"])
            #expect(found.first?.sentence.hasSuffix("metrics are told on loopback only") == true)
        }
        let taken = problems(small, settings: ["front_door.listen=127.0.0.1:9101", "metrics.listen=127.0.0.1:9101"])
        #expect(taken.map(\.sentence) == ["port 9101 is taken by the front door"])
        #expect(problems(small, settings: ["metrics={}"]).map(\.path.description) == ["metrics.listen"])
    }

    @Test("IPv6 addresses are written with brackets")
    func sixth() throws {
        let door = try load(small, settings: ["front_door.listen='[::1]:8443'"]).profile.frontDoor
        #expect(door.address == "[::1]")
        #expect(door.port.number == 8443)
    }

    @Test("no mutilated profile crashes the loader")
    func mutilations() {
        // Every line taken out, doubled, or with its value replaced by something of another shape.
        let lines = small.split(separator: "\n").map(String.init)
        var refused = 0
        for index in lines.indices {
            for replacement in ["", "[]", "{}", "~", "5", "'", "- x", lines[index] + "\n" + lines[index]] {
                var changed = lines
                let colon = lines[index].firstIndex(of: ":")
                changed[index] =
                    replacement.contains(":")
                    ? replacement
                    : colon.map { String(lines[index][...$0]) + " " + replacement } ?? replacement
                refused += problems(changed.joined(separator: "\n")).isEmpty ? 0 : 1
            }
        }
        #expect(refused > 100)
    }
}
