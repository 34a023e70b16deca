import CLI
import Foundation
import Host
import HostFixtures
import SystemPackage
import Testing

@Suite struct InstallTests {
    private struct Planned: Decodable, Equatable {
        struct Step: Decodable, Equatable {
            struct Change: Decodable, Equatable { let subject: String, sentence: String }
            let step: String
            let changes: [Change]
        }
        let steps: [Step]

        var sentences: [String] { steps.flatMap { step in step.changes.map { "\(step.step): \($0.sentence)" } } }
    }

    private func planned(_ text: String) throws -> Planned {
        try JSONDecoder().decode(Planned.self, from: Data(text.utf8))
    }

    @Test(
        "install --check on a clean host lists exactly what install then makes, and ends with 2",
        arguments: [FakeHost.debian12, FakeHost.ubuntu2404])
    func plannedIsMade(release: [String: String]) async throws {
        let typed = InstallFixture(release)
        let before = typed.host.disk.snapshot
        let check = await typed.install("--check", "--json")
        #expect(check.exit == 2, "\(check)")
        #expect(typed.host.disk.snapshot == before)
        let made = await typed.install("--yes", "--json")
        #expect(made.exit == 0, "\(made.failure) \(made.result.suffix(600))")
        // Events come first, a line each; the answer is the rest.
        let answer = try #require(made.result.range(of: "\n{\n"))
        let wanted = try planned(check.result).sentences
        let done = try planned(String(made.result[answer.lowerBound...])).sentences
        #expect(done == wanted)
        // The last of the ten parts of an installation; the goldens have the others.
        let own = "bedplated.service"
        for part in ["release: take /usr/lib/bedplate/cspm as ", "stack: ", "\(own): enable", "\(own): start"] {
            #expect(wanted.contains { $0.hasPrefix(part) }, "\(part)")
        }
        let again = await typed.install("--check")
        #expect(again.exit == 0)
        #expect(again.result.contains("nothing to change"))
    }

    @Test("on a screen the last line says what runs, for how long and what is left, and is gone in the end")
    func screen() async {
        let typed = InstallFixture()
        let screen = RecordingTerminal()
        #expect(await typed.type(["install", "--checkout", "/checkout", "--yes"], at: screen).exit == 0)
        let pattern = #/.*server packages \d+ s.*; \d+ of \d+ steps left/#
        #expect(screen.statuses.contains { $0?.wholeMatch(of: pattern) != nil })
        #expect(screen.statuses.last == .some(nil))
        // Who reads events reads no screen.
        let events = RecordingTerminal()
        _ = await InstallFixture().type(["install", "--checkout", "/checkout", "--yes", "--json"], at: events)
        #expect(events.statuses == [nil])
    }

    @Test("what apt says last is beside the step that it works for, on a screen only")
    func saidOnScreen() async {
        let typed = InstallFixture()
        let screen = RecordingTerminal()
        #expect(await typed.type(["install", "--checkout", "/checkout", "--yes"], at: screen).exit == 0)
        let pattern = #/.*server packages \d+ s \(Setting up .* \.\.\.\).*; \d+ of \d+ steps left/#
        #expect(screen.statuses.contains { $0?.wholeMatch(of: pattern) != nil })
        #expect(!screen.progress.contains { $0.contains("Setting up") })
    }

    @Test("what the commands said is in the log by step, without the secrets and logins that one might say")
    func commandsInLog() async throws {
        let typed = InstallFixture()
        let key = "planted-0123456789abcdef"
        typed.host.disk.plant(
            typed.layout.secrets.appending("SECRET_KEY"), key, mode: FilePermissions(rawValue: 0o600))
        typed.host.commands.onRun("/usr/sbin/nginx") { _ in
            let said = (1...200).map { "line \($0)" }.joined(separator: "\n")
            return CommandResult(
                status: .exited(0), output: "\(said)\nkey=\(key)\nGet:1 https://bob:hunter2@mirror.lan/x", errors: "")
        }
        #expect(await typed.install("--yes").exit == 0)
        let name = try #require(try typed.host.files.list(typed.layout.logs).first { $0.hasPrefix("install-") })
        let log = try #require(typed.host.disk.text(typed.layout.logs.appending(name)))
        for part in [
            "server packages | Setting up redis-server ...", "nginx.service | line 1\n", "nginx.service | line 200\n",
            "nginx.service | key=<secret SECRET_KEY>", "nginx.service | Get:1 https://***@mirror.lan/x",
        ] { #expect(log.contains(part), "\(part)") }
        for secret in [key, "hunter2"] { #expect(!log.contains(secret)) }
        // In the order in which it was said.
        let place = try #require(log.range(of: "line 200\n"))
        #expect(log[..<place.lowerBound].contains("line 199\n"))
        #expect(log[place.upperBound...].contains("nginx.service: done:"))
    }

    @Test("a lock that is waited for is said on the terminal, in the events and in the log, with its holder")
    func waiting() async throws {
        let sentence = "waiting: /var/lib/dpkg/lock is held by process 12 (dpkg)"
        let holder = PackageLockHolder(file: "/var/lib/dpkg/lock", pid: 12, command: "dpkg")
        let typed = InstallFixture()
        typed.host.machine.setLockHolders([holder])
        let said = await typed.install("--yes")
        #expect(said.exit == 0, "\(said.failure)")
        #expect(said.progress.contains("  \(sentence)"))
        let log = try #require(try typed.host.files.list(typed.layout.logs).first { $0.hasPrefix("install-") })
        #expect(typed.host.disk.text(typed.layout.logs.appending(log))?.contains(": \(sentence)\n") == true)
        let other = InstallFixture()
        other.host.machine.setLockHolders([holder])
        #expect(await other.install("--yes", "--json").result.contains("\"event\":\"waiting\""))
    }

    @Test("a second install changes nothing, writes nothing and leaves no log")
    func second() async throws {
        let typed = InstallFixture()
        let first = await typed.install("--yes")
        #expect(first.exit == 0, "\(first.failure)")
        let before = typed.host.disk.snapshot
        let operations = typed.host.faults.count
        let second = await typed.install("--yes")
        #expect(second.exit == 0)
        #expect(second.result.contains(", 0 changes, "))
        #expect(typed.host.disk.snapshot == before)
        #expect(typed.host.faults.count == operations)
        #expect(try typed.host.files.list(typed.layout.logs).filter { $0.hasPrefix("install-") }.count == 1)
    }

    @Test("an install that was killed before the supervisor took up the stack hands it over on the next run")
    func owedStack() async throws {
        let typed = InstallFixture()
        #expect(await typed.install("--yes").exit == 0)
        let supervisor = try typed.supervisor.current()
        let before = supervisor.calls.count { $0 == "apply" }
        try typed.host.files.remove(typed.layout.started.appending("stack"))
        #expect(await typed.install("--yes").exit == 0)
        #expect(supervisor.calls.count { $0 == "apply" } == before + 1)
        #expect(await typed.install("--yes").exit == 0)
        #expect(supervisor.calls.count { $0 == "apply" } == before + 1)
    }

    @Test("without --yes and without a terminal nothing is changed")
    func nobodyToAsk() async {
        let typed = InstallFixture()
        let before = typed.host.disk.snapshot
        let said = await typed.install()
        #expect(said.exit == 64)
        #expect(said.failure.contains("add --yes"))
        #expect(typed.host.disk.snapshot == before)
    }

    @Test("everything in the way is said at once, and nothing is changed")
    func obstacles() async {
        let typed = InstallFixture()
        typed.host.machine.setListeners([
            8080: PortHolder(pid: 5, command: "apache2"), 27017: PortHolder(pid: 6, command: "mongod"),
        ])
        let before = typed.host.disk.snapshot
        let said = await typed.install("--yes")
        #expect(said.exit == 1)
        #expect(said.failure.contains("2 things in the way"))
        #expect(said.failure.contains("apache2") && said.failure.contains("mongod"))
        #expect(typed.host.disk.snapshot == before)
    }

    @Test("no secret is in the log, the journal or what is said")
    func neverShown() async throws {
        let typed = InstallFixture()
        let said = await typed.install("--yes", "--diff")
        #expect(said.exit == 0)
        var all = said.result + said.progress.joined() + said.failure
        all += typed.host.disk.text(typed.layout.journal) ?? ""
        for name in try typed.host.files.list(typed.layout.logs) {
            all += typed.host.disk.text(typed.layout.logs.appending(name)) ?? ""
        }
        #expect(all.contains("server packages"))
        for name in try typed.host.files.list(typed.layout.secrets) {
            let value = try #require(typed.host.disk.text(typed.layout.secrets.appending(name)))
            #expect(!all.contains(value), "\(name)")
        }
    }

    @Test("uninstall says what it kept, and purge leaves nothing of ours")
    func uninstall() async throws {
        let typed = InstallFixture()
        #expect(await typed.install("--yes").exit == 0)
        let kept = await typed.type(["uninstall", "--yes"])
        #expect(kept.exit == 0, "\(kept.failure)")
        #expect(kept.result.contains("/etc/bedplate/secrets") && kept.result.contains("/var/lib/bedplate/data"))
        #expect(typed.host.disk.text(typed.layout.bedplated) == nil)
        #expect(typed.host.disk.text(typed.layout.secrets.appending("SECRET_KEY")) != nil)
        let purged = await typed.type(["uninstall", "--purge", "--yes"])
        #expect(purged.exit == 0, "\(purged.failure)")
        let left = typed.host.disk.snapshot.keys.filter {
            $0.contains("bedplate") && !$0.hasPrefix("/run") && !$0.hasPrefix("/checkout") && !$0.hasPrefix("/build")
        }
        #expect(left.isEmpty, "\(left)")
        #expect(try typed.host.accounts.user(named: "cspm") == nil)
    }
}
