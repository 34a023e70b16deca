import CoreTypes
import Testing

@testable import Profiles

@Suite("Problems of a profile")
struct ManyMistakesTests {
    @Test("a profile with ten mistakes reports ten problems, each at its place")
    func ten() {
        let text = """
            profile: ten
            sumary: ten mistakes
            secrets:
              KEY: {generate: hxe}
            slots:
              blue: {api: 8001}
              green: {api: 8001}
            processes:
              api:
                slotted: yes
                port: api
                command: [bin/api]
                credentials: [KEYS]
                restart: {initial: 10s, maximum: 1s}
                stop: [{signal: TERM, wait: 5s}]
              worker:
                command: [/usr/bin/worker]
                requires: [apu]
            routes:
              - {path: /, to: api, timeout: 30}
            """
        #expect(
            lines(problems(text)) == [
                "2: sumary: this key is unknown summary",
                "4: secrets.KEY.generate: 'hxe' is not one of hex, base64, fernet, password, previous, mongodb-url, redis-url hex",
                "7: slots.green.api: port 8001 is taken by 'api' of blue -",
                "10: processes.api.slotted: expected true or false, not 'yes' -",
                "12: processes.api.command.0: 'bin/api' must be absolute or begin with {release}/, {build}/, {programs}/, {data}/, {logs}/, {run}/, {runtimes}/, {configuration}/ -",
                "13: processes.api.credentials.0: there is no secret 'KEYS' KEY",
                "14: processes.api.restart.maximum: the longest wait (1s) is shorter than the first (10s) -",
                "15: processes.api.stop.0.signal: the last signal must be KILL, or a stuck process never ends -",
                "18: processes.worker.requires.0: there is no process 'apu' api",
                "20: routes.0.timeout: expected a time with a unit, such as 250ms, 30s or 1m30s, of at least 1s, not '30' -",
            ])
    }

    @Test("a problem reads as place, key, sentence and suggestion")
    func wording() {
        let problem = problems(small("command: [/usr", "comand: [/usr"))
        #expect(
            problem.map(\.description) == [
                "p.yaml:17:5: processes.worker.comand: this key is unknown; did you mean 'command'?"
            ])
    }

    @Test("problems are sorted by file in the order of merging, then by line")
    func order() {
        let found = problems(
            small("profile: small", "profile: Small"), overlays: ["sumary: x\n", "front_dor: {}\nroutes: 5\n"],
            settings: ["services.store=oracle"])
        #expect(found.map(\.file) == ["p.yaml", "0.yaml", "1.yaml", "1.yaml", "--set services.store=oracle"])
        #expect(found.map(\.line) == [1, 1, 1, 2, nil])
    }

    @Test("all problems become one error that an operator can act on")
    func operatorError() throws {
        let error = #expect(throws: ProfileProblems.self) { try load("profile: x\nprocesses: {}\nzzz: 1\n") }
        let text = try #require(error).operatorError(doing: "install").description
        #expect(
            text == """
                cannot install: the profile has one problem:
                p.yaml:3:1: zzz: this key is unknown
                  next: correct the profile and run 'bedplate profile validate'
                """)
    }
}
