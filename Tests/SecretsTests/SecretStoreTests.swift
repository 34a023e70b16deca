import CoreTypes
import Fernet
import Host
import HostFixtures
import SystemPackage
import Testing

@testable import Secrets

@Suite("The secret store")
struct SecretStoreTests {
    private let host = FakeHost()
    private let folder: FilePath = "/etc/bedplate/secrets"

    private func store(random: RandomSource = .openSSL, owner: Owner? = nil) -> SecretStore {
        SecretStore(folder: folder, files: host.files, owner: owner, random: random)
    }

    private func declarations() throws -> [SecretDeclaration] {
        [
            SecretDeclaration(name: try SecretName("HEX"), generator: .hex(bytes: 32)),
            SecretDeclaration(name: try SecretName("BASE"), generator: .base64(bytes: 32)),
            SecretDeclaration(name: try SecretName("FERNET"), generator: .fernet),
            SecretDeclaration(name: try SecretName("PASSWORD"), generator: .password(length: 20)),
        ]
    }

    @Test("each kind of secret has its form")
    func forms() throws {
        for declaration in try declarations() { try store().generate(declaration) }
        func value(_ name: String) throws -> String { try store().secret(try SecretName(name)).reveal() }
        #expect(try value("HEX").wholeMatch(of: /[0-9a-f]{64}/) != nil)
        #expect(try value("BASE").wholeMatch(of: /[A-Za-z0-9_-]{43}/) != nil)
        #expect(try value("FERNET").wholeMatch(of: /[A-Za-z0-9_-]{43}=/) != nil)
        #expect(try value("PASSWORD").wholeMatch(of: /[A-HJ-NP-Za-km-np-z2-9]{20}/) != nil)
    }

    @Test("checking for missing secrets writes nothing")
    func missingReadsOnly() throws {
        #expect(try store().missing(declarations()).map(\.name.description) == ["HEX", "BASE", "FERNET", "PASSWORD"])
        #expect(host.faults.count == 0)
    }

    @Test("a secret is generated once and never again")
    func once() throws {
        let declarations = try declarations()
        for declaration in declarations { try store().generate(declaration) }
        let before = host.disk.snapshot
        #expect(try store().missing(declarations).isEmpty)
        for declaration in declarations { try store().generate(declaration) }
        #expect(host.disk.snapshot == before)
    }

    @Test("no two values are the same")
    func distinct() throws {
        var values: Set<String> = []
        for index in 0..<50 {
            let name = try SecretName("S\(index)")
            try store().generate(SecretDeclaration(name: name, generator: .hex(bytes: 16)))
            values.insert(try store().secret(name).reveal())
        }
        #expect(values.count == 50)
    }

    @Test("the folder is 0700 and each file 0600 from the first moment")
    func modes() throws {
        for declaration in try declarations() { try store().generate(declaration) }
        #expect(try host.files.status(folder)?.mode == FilePermissions(rawValue: 0o700))
        for declaration in try declarations() {
            #expect(try host.files.status(store().path(of: declaration.name))?.mode == FilePermissions(rawValue: 0o600))
        }
        // One change for the folder and one a file: nothing was made first and protected later.
        #expect(host.faults.count == 5)
    }

    @Test("a wrong mode or owner is drift, and repairing it keeps the value")
    func drift() throws {
        let declaration = try declarations()[0]
        let owner = Owner(user: 0, group: 0)
        let store = store(owner: owner)
        try store.generate(declaration)
        let value = try store.secret(declaration.name).reveal()
        #expect(try store.drift([declaration.name]) == [])
        try host.files.setMode(store.path(of: declaration.name), FilePermissions(rawValue: 0o644))
        try host.files.setOwner(folder, Owner(user: 1000, group: 100))
        let found = try store.drift([declaration.name])
        #expect(
            found.map(\.description) == [
                "/etc/bedplate/secrets belongs to 1000:100 instead of 0:0",
                "/etc/bedplate/secrets/HEX has mode 0644 instead of 0600",
            ])
        for drift in found { try store.repair(drift) }
        #expect(try store.drift([declaration.name]) == [])
        #expect(try store.secret(declaration.name).reveal() == value)
    }

    @Test(
        "a file that cannot be a secret is an error and is never overwritten",
        arguments: [
            ("", "is empty"), ("abc\n", "has a line break"), ("a\0b", "has a line break or another control character"),
            (String(repeating: "a", count: 70_000), "is larger than 64 KiB"),
        ])
    func odd(_ content: String, _ because: String) throws {
        let declaration = try declarations()[0]
        host.disk.plant(store().path(of: declaration.name), content)
        let error = #expect(throws: OperatorError.self) { try store().missing([declaration]) }
        #expect(error?.because.contains(because) == true)
        #expect(content.isEmpty || error?.description.contains(content) == false)
        try store().generate(declaration)
        #expect(host.disk.text(store().path(of: declaration.name)) == content)
    }

    @Test("a link in the place of a secret is not followed")
    func link() throws {
        let declaration = try declarations()[0]
        host.disk.plant("/etc/shadow", "root:x")
        host.disk.plantDirectory(folder)
        try host.files.createLink(store().path(of: declaration.name), to: "/etc/shadow")
        let error = #expect(throws: OperatorError.self) { try store().secret(declaration.name) }
        #expect(error?.because == "/etc/bedplate/secrets/HEX is not a regular file")
    }

    @Test("a file in the place of a Fernet key that is none is an error without its content")
    func badFernet() throws {
        let declaration = try declarations()[2]
        host.disk.plant(store().path(of: declaration.name), "hunter2")
        let error = #expect(throws: OperatorError.self) { try store().missing([declaration]) }
        #expect(error?.because.contains("not a Fernet key") == true)
        #expect(error.map { "\($0)" }?.contains("hunter2") == false)
    }

    @Test("a secret keeps its value until a new one is committed, and its old one until the rotation ends")
    func rotation() throws {
        let key = SecretDeclaration(name: try SecretName("KEY"), generator: .hex(bytes: 32))
        let previous = SecretDeclaration(name: try SecretName("KEY_PREVIOUS"), generator: .previous(of: "KEY"))
        let store = store()
        for declaration in [key, previous] { try store.generate(declaration) }
        let old = try store.secret(key.name).reveal()
        try store.beginRotation(of: key)
        let next = try #require(try store.next(key.name)).reveal()
        try store.beginRotation(of: key)
        #expect(try store.next(key.name)?.reveal() == next)
        #expect(try store.secret(key.name).reveal() == old)
        #expect(try !store.isOldKept(key.name, as: previous.name))
        try store.keepOld(key.name, as: previous.name)
        #expect(try store.isOldKept(key.name, as: previous.name))
        #expect(try !store.isCommitted(key.name))
        try store.commit(key.name)
        #expect(try store.isCommitted(key.name))
        #expect(try store.secret(previous.name).reveal() == old)
        #expect(host.disk.text(folder.appending("KEY.old")) == old)
        #expect(try host.files.status(folder.appending("KEY.next"))?.mode == FilePermissions(rawValue: 0o600))
        try store.endRotation(of: key.name)
        #expect(try store.secret(key.name).reveal() == next)
        #expect(try host.files.list(folder) == ["KEY", "KEY_PREVIOUS"])
    }

    @Test("when there are no random bytes, nothing is written")
    func noRandom() throws {
        struct Dry: Error {}
        let declaration = try declarations()[0]
        host.disk.plantDirectory(folder)
        let before = host.disk.snapshot
        #expect(throws: Dry.self) { try store(random: RandomSource { _ in throw Dry() }).generate(declaration) }
        #expect(throws: OperatorError.self) { try store(random: RandomSource { _ in [1, 2] }).generate(declaration) }
        #expect(host.disk.snapshot == before)
    }

    @Test("a power cut at any moment leaves no secret or a whole one")
    func powerCut() throws {
        for moment in 0..<3 {
            let host = FakeHost()
            let store = SecretStore(folder: folder, files: host.files)
            let declaration = try declarations()[0]
            host.faults.cutPower(after: moment)
            do { try store.generate(declaration) } catch is PowerCut {}
            host.faults.restorePower()
            if try store.missing([declaration]).isEmpty == false { try store.generate(declaration) }
            #expect(try store.secret(declaration.name).reveal().count == 64)
        }
    }

    @Test("every letter of a password is equally likely")
    func unbiased() throws {
        // Each byte once: those that would favour the first letters are passed over.
        let bytes = RandomSource { count in (0..<count).map { UInt8(truncatingIfNeeded: $0) } }
        let text = try SecretGenerator(random: bytes).value(for: .password(length: 256))
        let counts = Dictionary(grouping: text.utf8.prefix(224)) { $0 }.mapValues(\.count)
        #expect(SecretGenerator.alphabet.count == 56)
        #expect(counts.values.allSatisfy { $0 == 4 })
        #expect(counts.count == 56)
        #expect(text.utf8.dropFirst(224).elementsEqual(SecretGenerator.alphabet.prefix(32)))
    }

    @Test("a secret that was never generated is named with what to do")
    func absent() throws {
        let error = #expect(throws: OperatorError.self) { try store().secret(try SecretName("NONE")) }
        #expect(
            error?.description == """
                cannot read the secret NONE: /etc/bedplate/secrets/NONE does not exist
                  next: run 'bedplate install' or 'bedplate trial start' again: they generate what is missing
                """)
    }
}
