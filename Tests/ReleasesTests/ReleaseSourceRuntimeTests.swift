import CoreTypes
import Host
import HostLinux
import SystemPackage
import Testing

@testable import Releases

@Suite struct ReleaseSourceRuntimeTests {
    private let files = LinuxHost().files

    /// A small application, packed by the system's own programs.
    private func packed(_ command: String..., below scratch: ScratchRoot) async throws {
        let mode = FilePermissions(rawValue: 0o755)
        let folder = scratch.path.appending("app-1.0")
        try files.createDirectory(folder, mode: mode, owner: nil)
        try files.replace(folder.appending("run"), with: Array("#!/bin/sh\n".utf8), mode: mode, owner: nil)
        let script = "cd \"$0\" && \(command.joined(separator: " "))"
        let result = try await LinuxHost().processes.run(
            Command("/bin/sh", "-c", script, scratch.path.string), timeout: .seconds(30))
        #expect(result.status == .exited(0), "\(result.errors)")
    }

    @Test(
        "an archive of any kind becomes the release that its folder would be",
        arguments: [
            ("app.tar.gz", "tar -czf app.tar.gz app-1.0"), ("app.tar.zst", "tar --zstd -cf app.tar.zst app-1.0"),
            ("app.zip", "python3 -m zipfile -c app.zip app-1.0/run"),
        ])
    func archives(name: String, command: String) async throws {
        let scratch = try ScratchRoot()
        try await packed(command, below: scratch)
        let store = ReleaseStore(host: LinuxHost(), layout: Layout(root: scratch.path))
        let release = try store.take(scratch.path.appending(name))
        if name != "app.zip" { #expect(try store.digest(of: scratch.path.appending("app-1.0")) == release) }
        #expect(try files.list(store.directory(of: release)) == ["run"])
        #expect(try files.list(store.directory(of: release).removingLastComponent()) == [release.description])
    }

    @Test("a damaged archive, and one that reaches outside, leave nothing behind")
    func hostile() async throws {
        let scratch = try ScratchRoot()
        try await packed(
            "tar -czf whole.tar.gz app-1.0 && head -c 60 whole.tar.gz > cut.tar.gz",
            "&& tar -czPf out.tar.gz app-1.0/../app-1.0/run && ln -s /etc app-1.0/etc && tar -czf link.tar.gz app-1.0",
            below: scratch)
        let store = ReleaseStore(host: LinuxHost(), layout: Layout(root: scratch.path))
        for name in ["cut.tar.gz", "out.tar.gz", "link.tar.gz"] {
            #expect(throws: (any Error).self, "\(name)") { try store.take(scratch.path.appending(name)) }
            #expect(try files.list(Layout(root: scratch.path).releases) == [], "\(name)")
        }
    }

    @Test("a wheel becomes a release of this one file")
    func wheel() async throws {
        let scratch = try ScratchRoot()
        let path = scratch.path.appending("app-1.0-py3-none-any.whl")
        try files.replace(path, with: Array("PK".utf8), mode: FilePermissions(rawValue: 0o600), owner: nil)
        let store = ReleaseStore(host: LinuxHost(), layout: Layout(root: scratch.path))
        let release = try store.take(path)
        #expect(try files.list(store.directory(of: release)) == ["app-1.0-py3-none-any.whl"])
    }
}
