import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

@Suite struct SecretsStepTests {
    private let layout = Layout(root: "/trial")
    private func step() throws -> SecretsStep {
        SecretsStep(
            folder: layout.secrets,
            [
                SecretDeclaration(name: try SecretName("SECRET_KEY"), generator: .hex(bytes: 32)),
                SecretDeclaration(name: try SecretName("ADMIN_PASSWORD"), generator: .password(length: 20)),
            ])
    }

    @Test("secrets are generated once, and kept by every later run")
    func generatedOnce() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        let made = try await engine.run([step()])
        #expect(
            made.flatMap(\.changes).map(\.sentence) == [
                "generate the secret SECRET_KEY", "generate the secret ADMIN_PASSWORD",
            ])
        let key = try #require(host.disk.text(layout.secrets.appending("SECRET_KEY")))
        #expect(key.utf8.count == 64)
        #expect(try await engine.run([step()]).isEmpty)
        #expect(host.disk.text(layout.secrets.appending("SECRET_KEY")) == key)
    }

    @Test("no value of a secret is in the journal, in a change or in what is reported")
    func neverShown() async throws {
        let host = FakeHost()
        let step = try step()
        let facts = try await step.check(host)
        let made = try await Engine(host: host, layout: layout).run([step])
        for name in ["SECRET_KEY", "ADMIN_PASSWORD"] {
            let value = try #require(host.disk.text(layout.secrets.appending(name)))
            let journal = try #require(host.disk.text(layout.journal))
            var dumped = ""
            dump(facts, to: &dumped)
            dump(made, to: &dumped)
            dump(try await step.check(host), to: &dumped)
            #expect(!journal.contains(value))
            #expect(!dumped.contains(value))
        }
    }

    @Test("a secret that others can read is closed again, and its value is kept")
    func drift() async throws {
        let host = FakeHost()
        let engine = Engine(host: host, layout: layout)
        _ = try await engine.run([step()])
        let path = layout.secrets.appending("SECRET_KEY")
        let value = host.disk.text(path)
        try host.disk.setMode(path, FilePermissions(rawValue: 0o644))
        let made = try await engine.run([step()])
        #expect(made.flatMap(\.changes).map(\.subject) == [path.string])
        #expect(try host.files.status(path)?.mode.rawValue == 0o600)
        #expect(host.disk.text(path) == value)
    }
}
