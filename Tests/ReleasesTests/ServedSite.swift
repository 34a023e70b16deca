import CoreTypes
import Glibc
import Host
import HostLinux
import Profiles
import Releases
import SystemPackage
import Testing

/// The public front door of a profile, served by an nginx of its own; behind it another nginx that tells what it was
/// asked, and a listener that never says a word.
final class ServedSite {
    let host = LinuxHost()
    let profile: Profile
    let layout: Layout
    private let root: ScratchRoot
    private let silent: Int32
    private var pids: [Int32] = []

    /// `change`: in what the profile differs from the public one.
    init(_ change: (inout Profile) -> Void = { _ in }) async throws {
        root = try ScratchRoot()
        layout = Layout(root: root.path)
        var ports: [Slot: [String: Int]] = [:]
        for slot in Slot.allCases { ports[slot] = ["api": try FreePorts.next(), "web": try FreePorts.next()] }
        var profile = SampleProfile.makePublic(
            port: try FreePorts.next(), plain: try FreePorts.next(), preview: try FreePorts.next(), ports: ports)
        change(&profile)
        self.profile = profile
        silent = try Self.listen(on: ports[.blue]!["web"]!)
        for folder in [layout.nginx, layout.run, layout.nginxScratch] { try make(folder) }
        try await Self.makeCertificate(layout, host)
        let challenges = layout.challenges.appending(".well-known/acme-challenge")
        try make(challenges)
        try write("token.key", to: challenges.appending("token"))
        for (path, text) in try NginxProgram(host: host, layout: layout, profile: profile).files(live: .blue) {
            try write(text, to: path)
        }
        let behind = layout.nginx.appending("behind.conf")
        try write(Self.behind(ports, layout), to: behind)
        for file in [behind, layout.nginxMain] {
            pids.append(
                try host.processes.startDetached(
                    Command(NginxProgram.path, "-e", "stderr", "-c", file.string, "-g", "daemon off;"),
                    log: root.path.appending("log")))
        }
        let door = HTTPFrontDoor(profile.frontDoor, on: host)
        for _ in 0..<200 {
            if (try? await door.ask()) == FrontDoorAnswer(live: .blue) { return }
            try await host.clock.sleep(for: .milliseconds(25))
        }
        throw OperatorError(doing: "test", because: "nginx does not answer")
    }

    deinit {
        for pid in pids {
            kill(pid, SIGTERM)
            waitpid(pid, nil, 0)
        }
        close(silent)
    }

    /// Asks with curl; `path` begins with `/`. By default over HTTPS, by the door's own name.
    func ask(
        _ path: String, _ arguments: String..., name: String = "scan.example.org", port: Int? = nil,
        scheme: String = "https"
    ) async throws -> Said {
        let port = port ?? profile.frontDoor.port.number
        let command = Command(
            "/usr/bin/curl",
            arguments: [
                "--silent", "--show-error", "--include", "--insecure", "--max-time", "5", "--resolve",
                "\(name):\(port):127.0.0.1",
            ] + arguments + ["\(scheme)://\(name):\(port)\(path)"])
        return Said(try await host.processes.run(command, timeout: .seconds(30)))
    }

    /// The status of each request of a curl pattern, as many at once as curl makes.
    func statuses(of pattern: String) async throws -> [Substring] {
        let place = "scan.example.org:\(profile.frontDoor.port)"
        let command = Command(
            "/usr/bin/curl", "--silent", "--insecure", "--parallel", "--resolve", "\(place):127.0.0.1", "--output",
            "/dev/null", "--write-out", "%{http_code}\n", "https://\(place)\(pattern)")
        return try await host.processes.run(command, timeout: .seconds(60)).output.split(separator: "\n")
    }

    /// What curl printed: the last head, and the body.
    struct Said {
        let exit: CommandResult.Status
        let status: String
        let headers: [String: String]
        let body: String

        init(_ result: CommandResult) {
            exit = result.status
            var parts = result.output.replacing("\r\n", with: "\n").split(
                separator: "\n\n", omittingEmptySubsequences: false)
            // An interim answer comes before the real one.
            while parts.count > 1, parts[0].hasPrefix("HTTP/1.1 100") { parts.removeFirst() }
            let lines = (parts.first ?? "").split(separator: "\n")
            status = String(lines.first ?? "")
            headers = Dictionary(
                lines.dropFirst().compactMap { line in
                    guard let colon = line.firstIndex(of: ":") else { return nil }
                    return (line[..<colon].lowercased(), String(line[line.index(after: colon)...].drop { $0 == " " }))
                }, uniquingKeysWith: { "\($0) AND \($1)" })
            body = parts.dropFirst().joined(separator: "\n\n")
        }
    }

    static func makeCertificate(_ layout: Layout, _ host: LinuxHost) async throws {
        let folder = layout.certificate.removingLastComponent()
        try host.files.createDirectory(folder, mode: FilePermissions(rawValue: 0o755), owner: nil)
        let result = try await host.processes.run(
            Command(
                "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days", "2", "-subj", "/CN=scan.example.org", "-keyout", layout.certificateKey.string, "-out",
                layout.certificate.string), timeout: .seconds(30))
        #expect(result.status == .exited(0), "\(result.errors)")
    }

    private func make(_ folder: FilePath) throws {
        try host.files.createDirectory(folder, mode: FilePermissions(rawValue: 0o755), owner: nil)
    }

    private func write(_ text: String, to path: FilePath) throws {
        try host.files.replace(path, with: Array(text.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
    }

    private static func listen(on port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let bound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, Glibc.listen(descriptor, 8) == 0 else {
            throw OperatorError(doing: "test", because: "port \(port) cannot be listened on")
        }
        return descriptor
    }

    private static func behind(_ ports: [Slot: [String: Int]], _ layout: Layout) -> String {
        let servers = Slot.allCases.map { slot in
            """
            server {
                listen 127.0.0.1:\(ports[slot]!["api"]!);
                client_max_body_size 0;
                default_type text/plain;
                add_header X-Frame-Options "the application's own" always;
                add_header Cache-Control "the application's own" always;
                location /static/missing { return 404 "no"; }
                location / {
                    return 200 "\(slot) from=$http_x_forwarded_for real=$http_x_real_ip proto=$http_x_forwarded_proto host=$http_host id=$http_x_request_id upgrade=$http_upgrade connection=$http_connection peer=$remote_addr\\n";
                }
            }
            """
        }
        return """
            \(geteuid() == 0 ? "user root;" : "")
            worker_processes 1;
            pid \(layout.run)/behind.pid;
            error_log stderr warn;
            events { worker_connections 128; }
            http {
                client_body_temp_path \(layout.nginxScratch)/behind;
                access_log off;
                \(servers.joined(separator: "\n"))
            }
            """
    }
}
