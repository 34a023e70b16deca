import CoreTypes
import Glibc
import Host
import HostLinux
import Profiles
import Releases
import SystemPackage
import Testing

@Suite(.serialized) struct NginxRuntimeTests {
    private let host = LinuxHost()

    /// A root with nginx's files in it, for a profile on a free port.
    private func installed(_ profile: Profile) throws -> (root: ScratchRoot, layout: Layout) {
        let root = try ScratchRoot()
        let layout = Layout(root: root.path)
        for folder in [layout.nginx, layout.run, layout.nginxScratch] {
            try host.files.createDirectory(folder, mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        for (path, text) in try NginxProgram(host: host, layout: layout, profile: profile).files(live: .blue) {
            try host.files.replace(path, with: Array(text.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
        }
        return (root, layout)
    }

    @Test(
        "nginx accepts every golden file",
        arguments: ["nginx-root.conf", "nginx-user.conf"].flatMap { main in
            ["site.conf", "site-public.conf", "site-share.conf"].flatMap { site in
                ["live-blue.conf", "live-green.conf", "live-share.conf"].map { [main, site, $0] }
            }
        })
    func accepted(files: [String]) async throws {
        let root = try ScratchRoot()
        let layout = Layout(root: root.path)
        for folder in [layout.nginx, layout.run, layout.nginxScratch] {
            try host.files.createDirectory(folder, mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        try await ServedSite.makeCertificate(layout, host)
        let golden = FilePath("\(#filePath)").removingLastComponent().appending("Golden")
        for (name, path) in zip(files, [layout.nginxMain, layout.site, layout.live]) {
            let text = String(decoding: try host.files.read(golden.appending(name), limit: 1 << 20), as: UTF8.self)
            let moved = text.replacing(NginxGoldenTests.root.string, with: root.path.string)
            try host.files.replace(path, with: Array(moved.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
        }
        let result = try await host.processes.run(
            Command(NginxProgram.path, "-t", "-q", "-e", "stderr", "-c", layout.nginxMain.string), timeout: .seconds(10)
        )
        #expect(result == CommandResult(status: .exited(0), output: "", errors: ""))
    }

    /// 0.2.0 and before named upstreams by variables. A machine that stops between two files, or goes back, has both.
    @Test("a site that an earlier release wrote fits beside live.conf", arguments: Slot.allCases, [nil, 10])
    func earlier(slot: Slot, share: Int?) async throws {
        let site = try await ServedSite()
        let program = NginxProgram(host: host, layout: site.layout, profile: site.profile)
        let files = try program.files(live: slot, share: share).map { path, text in
            (path, text.replacing("_live;", with: "_$bedplate_chosen;").replacing("_idle;", with: "_$bedplate_idle;"))
        }
        #expect(files.contains { $0.1.contains("bedplate_web_$bedplate_chosen;") })
        #expect(files.contains { $0.1.contains("bedplate_web_$bedplate_idle;") })
        for (path, text) in files {
            try host.files.replace(path, with: Array(text.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
        }
        let result = try await host.processes.run(
            Command(NginxProgram.path, "-t", "-q", "-e", "stderr", "-c", site.layout.nginxMain.string),
            timeout: .seconds(10))
        #expect(result == CommandResult(status: .exited(0), output: "", errors: ""))
    }

    @Test("nginx's opinion of a candidate is asked, and nothing is left of it")
    func candidate() async throws {
        let profile = SampleProfile.make(port: try FreePorts.next())
        let (root, layout) = try installed(profile)
        defer { withExtendedLifetime(root) {} }
        let program = NginxProgram(host: host, layout: layout, profile: profile)
        try await program.test(.green)
        #expect(try host.files.list(layout.nginx) == ["live.conf", "site.conf"])
        #expect(try LiveConfiguration.liveSlot(layout, on: host) == .blue)

        var broken = profile
        broken.frontDoor.address = "no address"
        let error = await #expect(throws: OperatorError.self) {
            try await NginxProgram(host: host, layout: layout, profile: broken).test(.green)
        }
        #expect(error?.because.contains("nginx rejects the new configuration") == true)
        #expect(error?.because.contains("invalid") == true)
        #expect(try LiveConfiguration.liveSlot(layout, on: host) == .blue)
    }

    @Test("a running nginx says which slot is live, before and after a reload, and answers for a silent application")
    func running() async throws {
        let blue = ["api": try FreePorts.next(), "web": try FreePorts.next()]
        let green = ["api": try FreePorts.next(), "web": try FreePorts.next()]
        let profile = SampleProfile.make(port: try FreePorts.next(), ports: [.blue: blue, .green: green])
        let (root, layout) = try installed(profile)
        defer { withExtendedLifetime(root) {} }
        let pid = try host.processes.startDetached(
            Command(NginxProgram.path, "-e", "stderr", "-c", layout.nginxMain.string, "-g", "daemon off;"),
            log: root.path.appending("log"))
        defer {
            kill(pid, SIGTERM)
            waitpid(pid, nil, 0)
        }
        let door = HTTPFrontDoor(profile.frontDoor, on: host)
        #expect(await answer(of: door, until: .blue))

        let marker = try await get("/.bedplate/slot", profile)
        #expect(marker.contains("\r\nCache-Control: no-store\r\n"))
        let silent = try await get("/api/health", profile)
        #expect(silent.hasPrefix("HTTP/1.1 502 "))
        #expect(silent.contains("\r\nContent-Type: application/json\r\n"))
        #expect(silent.hasSuffix("{\"detail\": \"the application does not answer\"}"))
        for text in [marker, silent] {
            #expect(text.contains("\r\nX-Frame-Options: DENY\r\n"))
            #expect(text.contains("\r\nX-Content-Type-Options: nosniff\r\n"))
            #expect(text.contains("\r\nContent-Security-Policy: default-src 'self';"))
            #expect(text.contains("\r\nReferrer-Policy: no-referrer\r\n"))
            #expect(text.contains("\r\nPermissions-Policy: camera=()"))
            #expect(text.contains("\r\nServer: nginx\r\n"))
        }

        try NginxProgram(host: host, layout: layout, profile: profile).write(live: .green)
        let before = try Set(host.processes.children(of: pid))
        #expect(!before.isEmpty)
        kill(pid, SIGHUP)
        #expect(await answer(of: door, until: .green))
    }

    private func answer(of door: HTTPFrontDoor, until slot: Slot) async -> Bool {
        for _ in 0..<200 {
            if let answered = try? await door.ask(), answered.live == slot { return true }
            try? await host.clock.sleep(for: .milliseconds(25))
        }
        return false
    }

    private func get(_ path: String, _ profile: Profile) async throws -> String {
        let answer = try await host.network.exchange(
            address: "127.0.0.1", port: profile.frontDoor.port.number,
            request: Array("GET \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".utf8), limit: 64 << 10,
            timeout: .seconds(5))
        return String(decoding: answer, as: UTF8.self)
    }
}
