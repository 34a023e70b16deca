import Control
import CoreTypes
import Host
import HostFixtures
import HostLinux
import Profiles
import Releases
import SystemPackage
import Testing

@Suite struct DeploymentTests {
    private let layout = Layout(root: "/trial")

    private func machine() throws -> (FakeHost, Deployment) {
        let host = FakeHost()
        host.machine.setUsers([Account(name: "root", user: 0, group: 0)])
        host.disk.plant("/build/bin/cspm", "one", mode: FilePermissions(rawValue: 0o755))
        return (host, Deployment(profile: SampleProfile.make(), layout: layout, host: host))
    }

    @Test("on a machine without a release blue is live, and both slots can be filled at once")
    func first() throws {
        let (_, deployment) = try machine()
        #expect(try deployment.live() == .blue)
        let release = try deployment.put("/build", into: Slot.allCases)
        let stack = try deployment.stack()
        #expect(stack.instances.count == 9)
        #expect(stack.instances.filter(\.autostart).map(\.name.description).contains("api@blue"))
        #expect(try deployment.record().green == release)
        #expect(try deployment.nginxFiles().map(\.path) == [layout.live, layout.site, layout.nginxMain])
    }

    @Test("deploying the same content again writes nothing")
    func again() throws {
        let (host, deployment) = try machine()
        _ = try deployment.put("/build", into: Slot.allCases)
        let operations = host.faults.count
        _ = try deployment.put("/build", into: Slot.allCases)
        #expect(host.faults.count == operations)
    }

    @Test("nothing is deployed while a switch is half done, or while somebody else switches")
    func busy() throws {
        let (host, deployment) = try machine()
        _ = try deployment.put("/build", into: Slot.allCases)
        host.disk.hold(layout.switchLock, by: 4711)
        #expect(throws: OperatorError.self) { try deployment.put("/build", into: [.green]) }
        host.disk.letGo(layout.switchLock)
        var record = try deployment.record()
        record.ongoing = .init(from: .blue, to: .green, stage: .flipping, began: 0)
        try record.save(layout, on: host)
        let error = #expect(throws: OperatorError.self) { try deployment.put("/build", into: [.green]) }
        #expect(error?.exit == .retry)
    }

    @Test("what an installation puts into a slot takes the place of a release that a stopped deploy left unproven")
    func overUnproven() throws {
        let (host, deployment) = try machine()
        let first = try deployment.put("/build", into: Slot.allCases)
        var record = try deployment.record()
        record.green = SampleProfile.secondRelease
        record.deploying = .init(slot: .green, before: first)
        try record.save(layout, on: host)
        #expect(try deployment.put("/build", into: [.green]) == first)
        #expect(try deployment.record().green == first)
        #expect(try deployment.record().deploying == nil)
    }

    @Test("the shipped profile becomes a stack, and nginx's files")
    func shippedProfile() throws {
        let (host, _) = try machine()
        let repository = FilePath("\(#filePath)").removingLastComponent().removingLastComponent()
            .removingLastComponent()
        let bytes = try LinuxHost().files.read(repository.appending("profiles/cspm.yaml"), limit: 1 << 20)
        let profile = try ProfileLoader(base: ProfileSource(name: "cspm.yaml", bytes: bytes)).load().profile
        let deployment = Deployment(profile: profile, layout: layout, host: host)
        _ = try deployment.put("/build", into: Slot.allCases)
        let names = try deployment.stack().instances.map(\.name.description)
        #expect(
            names == [
                "api@blue", "api@green", "worker@blue", "worker@green", "web@blue", "web@green", "engine", "keeper",
            ])
        #expect(try deployment.nginxFiles().map(\.path) == [layout.live, layout.site])
    }
}
