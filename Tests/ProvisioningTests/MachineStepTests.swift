import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

private let layout = Layout()

@Suite struct KernelStepTests {
    private let step = KernelStep(
        [.init("/proc/sys/vm/swappiness", "1"), .init("/sys/kernel/mm/none", "never")], title: "kernel")

    @Test("a setting is changed once; one that this kernel does not have is left out")
    func changed() async throws {
        let host = FakeHost.bare(FakeHost.debian12)
        let engine = Engine(host: host, layout: layout)
        let made = try await engine.run([step])
        #expect(made.flatMap(\.changes).map(\.sentence) == ["set /proc/sys/vm/swappiness to 1, which is 60"])
        #expect(host.settings.values["/proc/sys/vm/swappiness"] == "1")
        #expect(try await engine.run([step]).isEmpty)
    }

    @Test("where settings are read-only, as in containers, nothing fails and nothing is changed")
    func readOnly() async throws {
        let host = FakeHost.bare(FakeHost.debian12)
        host.settings.makeReadOnly()
        #expect(try await Engine(host: host, layout: layout).run([step]).isEmpty)
        let profile = try ShippedProfile.load()
        let findings = try await HostPreflight(profile, layout: layout, ports: []).check(
            ShippedProfile.host(FakeHost.debian12, profile))
        #expect(findings.contains { $0.sentence.contains("cannot be changed here") } == false)
        let container = try ShippedProfile.host(FakeHost.debian12, profile)
        container.settings.makeReadOnly()
        let said = try await HostPreflight(profile, layout: layout, ports: []).check(container)
        #expect(said.contains { $0.isWarning && $0.sentence.contains("/proc/sys/vm/swappiness") })
    }
}

@Suite struct DockerStepTests {
    private func step(_ users: [String]) -> DockerStep {
        DockerStep(environment: layout.docker, output: layout.prowlerOutput, owner: nil, users: users)
    }

    private func host(group: UInt32?) -> FakeHost {
        let host = FakeHost.bare(FakeHost.debian12)
        host.machine.setGroups(["root": 0, "docker": 998])
        if let group { host.disk.plantSocket(DockerStep.socket, owner: Owner(user: 0, group: group)) }
        host.disk.plantDirectory(layout.configuration)
        return host
    }

    @Test("without Docker there is nothing to do")
    func absent() async throws {
        #expect(try await Engine(host: host(group: nil), layout: layout).run([step(["cspm"])]).isEmpty)
    }

    @Test("the group of Docker's socket is written down, and nobody joins it unless the profile says so")
    func present() async throws {
        let host = host(group: 998)
        let engine = Engine(host: host, layout: layout)
        #expect(try await engine.run([step([])]).flatMap(\.changes).count == 2)
        #expect(host.disk.text(layout.docker)?.contains("DOCKER_GID=998\n") == true)
        #expect(
            host.disk.text(layout.docker)?.contains("PROWLER_HOST_OUTPUT_DIR=/var/lib/bedplate/data/prowler\n") == true)
        #expect(try host.files.status(layout.prowlerOutput)?.kind == .directory)
        #expect(try host.accounts.members(of: "docker").isEmpty)
        #expect(
            try await engine.run([step(["cspm"])]).flatMap(\.changes).map(\.sentence) == [
                "make cspm a member of the group docker"
            ])
        #expect(try await engine.run([step(["cspm"])]).isEmpty)
    }

    @Test("a socket of root's own group lets nobody in, whatever the profile says")
    func rootsSocket() async throws {
        let host = host(group: 0)
        _ = try await Engine(host: host, layout: layout).run([step(["cspm"])])
        #expect(host.disk.text(layout.docker)?.contains("DOCKER_GID=0\n") == true)
        #expect(try host.accounts.members(of: "root").isEmpty)
    }

    @Test("when Docker has gone, so does what was said of it")
    func gone() async throws {
        let host = host(group: 998)
        _ = try await Engine(host: host, layout: layout).run([step([])])
        try host.files.remove(DockerStep.socket)
        _ = try await Engine(host: host, layout: layout).run([step([])])
        #expect(host.disk.text(layout.docker) == nil)
    }
}

@Suite struct CertificateStepTests {
    private let step = CertificateStep(domain: "a.example", address: nil, layout: layout)

    private func host(_ seen: String, _ status: Int32 = 0) -> FakeHost {
        let host = FakeHost.bare(FakeHost.debian12)
        host.disk.plantDirectory(layout.certificate.removingLastComponent())
        host.disk.plant(layout.certificate, "certificate")
        host.disk.plant(layout.certificateKey, "key", mode: [.ownerReadWrite])
        host.commands.onRun("/usr/bin/openssl") { command in
            command.arguments[0] == "x509"
                ? CommandResult(status: .exited(status), output: seen, errors: "")
                : CommandResult(status: .exited(0), output: "PUB\n", errors: "")
        }
        return host
    }

    @Test("a certificate that fits stays; one of another name, of another key, or near its end is made anew")
    func fits() async throws {
        let right = "PUB\nHostname a.example does match certificate\n"
        for (seen, status, isRight) in [
            (right, 0, true), (right, 1, false), ("PUB\nHostname a.example does NOT match certificate\n", 0, false),
            ("OTHER\nHostname a.example does match certificate\n", 0, false),
        ] as [(String, Int32, Bool)] {
            let facts = try await step.check(host(seen, status))
            #expect(step.plan(facts).isEmpty == isRight, "\(seen) \(status)")
        }
    }

    @Test("a key that others can read, and one without its certificate, are made anew")
    func drift() async throws {
        let open = host("PUB\nHostname a.example does match certificate\n")
        try open.files.setMode(layout.certificateKey, FilePermissions(rawValue: 0o644))
        #expect(try await step.plan(step.check(open)).count == 1)
        let half = host("")
        try half.files.remove(layout.certificate)
        #expect(try await step.plan(step.check(half)).count == 1)
    }

    @Test("what certbot keeps is left alone")
    func certbots() async throws {
        let host = host("")
        try host.files.remove(layout.certificate)
        try host.files.createLink(layout.certificate, to: "/etc/letsencrypt/live/bedplate/fullchain.pem")
        #expect(try await step.plan(step.check(host)).isEmpty)
    }
}
