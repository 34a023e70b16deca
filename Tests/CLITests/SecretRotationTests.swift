import CoreTypes
import Host
import HostFixtures
import SystemPackage
import Testing

@Suite("Rotating secrets")
struct SecretRotationTests {
    private let typed = InstallFixture()
    private var databases: FakeDatabases { typed.host.machine.databases }

    private func file(_ name: String) -> String? { typed.host.disk.text(typed.layout.secrets.appending(name)) }

    private func rotate(_ name: String) async -> CommandLineFixture.Said {
        await typed.type(["secrets", "rotate", name])
    }

    private func admits(_ name: String, _ value: String?) async -> Bool {
        guard let value else { return false }
        let secret = Secret(value, named: name)
        let answer =
            switch name {
            case "REDIS_PASSWORD": await databases.redis(port: 6379, password: secret)
            case "MONGO_PASSWORD": await databases.mongo(port: 27017, login: MongoLogin(name: "cspm", password: secret))
            default: await databases.mongo(port: 27017, login: MongoLogin(name: "root", password: secret))
            }
        if case .welcome = answer { return true }
        return false
    }

    @Test("a rotated SECRET_KEY is new, the old one is SECRET_KEY_PREVIOUS, and what reads it is restarted, alone")
    func signingKey() async throws {
        #expect(await typed.install("--yes").exit == 0)
        let old = try #require(file("SECRET_KEY"))
        #expect(file("SECRET_KEY_PREVIOUS") != old)
        let said = await rotate("SECRET_KEY")
        #expect(said.exit == 0, "\(said.failure)")
        #expect(file("SECRET_KEY")?.wholeMatch(of: /[0-9a-f]{64}/) != nil && file("SECRET_KEY") != old)
        #expect(file("SECRET_KEY_PREVIOUS") == old)
        #expect(try typed.supervisor.current().calls.filter { $0.hasPrefix("restart") } == ["restart api@blue"])
        #expect(!(said.result + said.progress.joined()).contains(old))
        #expect(await typed.install("--check").exit == 0)
    }

    @Test(
        "a rotated password is the server's, the old one is refused, and addresses are made of the new one",
        arguments: [
            ("REDIS_PASSWORD", "REDIS_URL"), ("MONGO_PASSWORD", "MONGO_URL"), ("MONGO_ROOT_PASSWORD", nil),
        ] as [(String, String?)])
    func passwords(name: String, address: String?) async throws {
        #expect(await typed.install("--yes").exit == 0)
        let old = try #require(file(name))
        let said = await rotate(name)
        #expect(said.exit == 0, "\(said.failure)")
        let new = try #require(file(name))
        #expect(new != old)
        #expect(await admits(name, new))
        #expect(await !admits(name, old))
        if let address { #expect(file(address)?.contains(new) == true) }
        let restarted = try typed.supervisor.current().calls.filter { $0.hasPrefix("restart") }
        #expect(restarted == (address == nil ? [] : ["restart api@blue", "restart worker@blue", "restart engine"]))
        #expect(await typed.install("--check").exit == 0)
        #expect(try typed.host.files.list(typed.layout.secrets).allSatisfy { !$0.contains(".") })
    }

    @Test("a rotation that was killed is ended by the next one, or by an installation", arguments: [true, false])
    func killed(byInstallation: Bool) async throws {
        #expect(await typed.install("--yes").exit == 0)
        let old = try #require(file("REDIS_PASSWORD"))
        let supervisor = try typed.supervisor.current()
        // Made and in force at Redis; the power went when the first instance was to be restarted.
        let operations = typed.host.faults.count
        #expect(await rotate("REDIS_PASSWORD").exit == 0)
        let whole = typed.host.faults.count - operations
        let first = try #require(file("REDIS_PASSWORD"))
        typed.host.faults.cutPower(after: whole / 2)
        #expect(await rotate("REDIS_PASSWORD").exit != 0)
        typed.host.faults.restorePower()
        typed.host.disk.letGoOfAll()
        #expect(file("REDIS_PASSWORD.next") != nil)
        let before = supervisor.calls.count
        #expect(await (byInstallation ? typed.install("--yes") : rotate("REDIS_PASSWORD")).exit == 0)
        let new = try #require(file("REDIS_PASSWORD"))
        #expect(Set([old, first, new]).count == 3)
        #expect(await admits("REDIS_PASSWORD", new))
        #expect(await !admits("REDIS_PASSWORD", first))
        #expect(supervisor.calls[before...].filter { $0.hasPrefix("restart") }.count == 3)
        #expect(try typed.host.files.list(typed.layout.secrets).allSatisfy { !$0.contains(".") })
    }

    @Test(
        "what cannot be rotated is refused with what to do, and nothing is changed",
        arguments: [
            ("MONGO_URL", "rotate MONGO_PASSWORD"), ("SECRET_KEY_PREVIOUS", "rotate SECRET_KEY"),
            ("CLOUD_ENCRYPTION_KEY", "could not be read any more"), ("SECRET_KEI", "did you mean 'SECRET_KEY'?"),
        ])
    func refused(name: String, says: String) async {
        #expect(await typed.install("--yes").exit == 0)
        let before = typed.host.disk.snapshot
        let said = await rotate(name)
        #expect(said.exit == 64)
        #expect(said.failure.contains(says), "\(said.failure)")
        #expect(typed.host.disk.snapshot == before)
    }

    @Test("while an instance is not healthy with the new value, the old one is still there")
    func sick() async throws {
        #expect(await typed.install("--yes").exit == 0)
        let old = try #require(file("WEBHOOK_SECRET"))
        let supervisor = try typed.supervisor.current()
        let api = try InstanceName("api@blue")
        supervisor.sicken(api, because: "exited 1")
        try supervisor.start([api])
        let said = await rotate("WEBHOOK_SECRET")
        #expect(said.exit == 1)
        #expect(said.failure.contains("api@blue is backing-off (exited 1)"), "\(said.failure)")
        #expect(file("WEBHOOK_SECRET.old") == old)
        #expect(await typed.type(["secrets", "list"]).result.contains("being rotated"))
    }

    @Test("generate makes what is missing and leaves the rest")
    func generate() async throws {
        #expect(await typed.install("--yes").exit == 0)
        let key = file("SECRET_KEY")
        try typed.host.files.remove(typed.layout.secrets.appending("SETUP_TOKEN"))
        #expect(await typed.type(["secrets", "generate"]).result == "1 change")
        #expect(file("SETUP_TOKEN")?.count == 32)
        #expect(file("SECRET_KEY") == key)
        #expect(await typed.type(["secrets", "generate"]).result == "nothing to change")
    }
}
