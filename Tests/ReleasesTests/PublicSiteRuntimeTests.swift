import CoreTypes
import Foundation
import Host
import HostLinux
import Profiles
import Releases
import SystemPackage
import Testing

/// Asks a running nginx for what the site promises.
@Suite(.serialized) struct PublicSiteRuntimeTests {
    private static let promised = [
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-frame-options": "DENY", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer",
        "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "content-security-policy":
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
            + "frame-ancestors 'none'",
    ]

    private func expectPromises(_ said: ServedSite.Said, overTLS: Bool = true, _ place: SourceLocation) {
        for (name, value) in Self.promised where overTLS || name != "strict-transport-security" {
            #expect(said.headers[name] == value, "\(name) of \(said.status)", sourceLocation: place)
        }
        #expect(said.headers["x-request-id"]?.isEmpty == false, sourceLocation: place)
        #expect(said.headers["server"] == "nginx", "no version is told", sourceLocation: place)
    }

    @Test("every header and limit of the site holds on a running nginx")
    func promises() async throws {
        let site = try await ServedSite()
        let door = site.profile.frontDoor
        func here(_ line: Int = #line) -> SourceLocation {
            SourceLocation(fileID: #fileID, filePath: #filePath, line: line, column: 1)
        }

        // HTTP/2 over TLS 1.2 and 1.3, nothing older.
        let page = try await site.ask("/", "--http2")
        #expect(page.status.hasPrefix("HTTP/2 200"))
        #expect(page.headers["cache-control"] == "no-cache")
        expectPromises(page, here())
        #expect(try await site.ask("/", "--tls-max", "1.2").status.hasPrefix("HTTP/2 200"))
        let old = try await site.ask("/", "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
        #expect(old.exit == .exited(35))

        // What the application is told, and what it is not.
        let told = try await site.ask(
            "/api/who", "--header", "X-Forwarded-For: 6.6.6.6", "--header", "X-Real-IP: 6.6.6.6", "--header",
            "X-Request-ID: abc-1")
        #expect(
            told.body.contains("from=127.0.0.1 real=127.0.0.1 proto=https host=scan.example.org:\(door.port) id=abc-1"))
        #expect(told.headers["x-request-id"] == "abc-1")
        #expect(told.headers["cache-control"] == "the application's own")
        expectPromises(told, here())
        let upgrade = try await site.ask(
            "/api/ws", "--http1.1", "--header", "Connection: Upgrade", "--header", "Upgrade: websocket")
        #expect(upgrade.body.contains("upgrade=websocket connection=upgrade"))
        #expect(try await site.ask("/api/who", "--http1.1").body.contains("upgrade= connection= peer=127.0.0.1\n"))
        // Streams come from an address of their own, so that they can be told from requests.
        #expect(try await site.ask("/api/stream").body.contains("peer=127.0.0.2\n"))

        // Static files.
        let file = try await site.ask("/static/app.3f2a.js")
        #expect(file.headers["cache-control"] == "public, max-age=31536000, immutable")
        expectPromises(file, here())
        let missing = try await site.ask("/static/missing")
        #expect(missing.status.hasPrefix("HTTP/2 404") && missing.headers["cache-control"] == "no-store")
        expectPromises(missing, here())

        // What nginx itself refuses.
        // Over 8 KiB, and within one record of TLS: nginx closes at once, and what it has not read would reset the connection.
        let long = try await site.ask("/" + String(repeating: "a", count: 10_000), "--http1.1")
        #expect(long.status.hasPrefix("HTTP/1.1 414"))
        expectPromises(long, here())
        let nameless = try await site.ask("/", "--http1.1", "--header", "Host:")
        #expect(nameless.status.hasPrefix("HTTP/1.1 400"))
        expectPromises(nameless, here())

        // Bodies.
        let body = site.layout.state.appending("body")
        try site.host.files.replace(
            body, with: [UInt8](repeating: 0x61, count: 11 << 20), mode: FilePermissions(rawValue: 0o600), owner: nil)
        let large = try await site.ask("/api/scans", "--data-binary", "@\(body)", "--header", "Expect:")
        #expect(large.status.hasPrefix("HTTP/2 413"))
        #expect(large.body == "{\"detail\": \"the request body is too large\"}")
        expectPromises(large, here())
        let upload = try await site.ask("/api/code/upload-scan?file_name=a", "--data-binary", "@\(body)")
        #expect(upload.status.hasPrefix("HTTP/2 200"))
        // Nothing of these bodies is sent: nginx refuses one by its length, and passes the other on at its head.
        func announced(_ bytes: Int) async throws -> String {
            try await site.ask(
                "/api/code/upload-scan", "--http1.1", "--request", "POST", "--header", "Content-Length: \(bytes)"
            ).status
        }
        #expect(try await announced(500 << 20) == "HTTP/1.1 200 OK")
        #expect(try await announced((500 << 20) + 1).hasPrefix("HTTP/1.1 413"))

        // A silent application, and one that is not there.
        let late = try await site.ask("/api/silent")
        #expect(late.status.hasPrefix("HTTP/2 504"))
        expectPromises(late, here())
        let preview = try await site.ask("/api/silent", port: door.preview?.port.number)
        #expect(preview.status.hasPrefix("HTTP/2 502"))
        expectPromises(preview, here())

        // The idle slot can be looked at.
        #expect(try await site.ask("/api/who").body.hasPrefix("blue "))
        #expect(try await site.ask("/api/who", port: door.preview?.port.number).body.hasPrefix("green "))

        // Sign-in is stricter than the rest.
        var statuses: [String] = []
        for _ in 0..<4 { statuses.append(try await site.ask("/api/auth/login", "--data", "x").status) }
        #expect(statuses.map { $0.hasPrefix("HTTP/2 200") } == [true, true, true, false])
        let refused = try await site.ask("/api/auth/login", "--data", "x")
        #expect(refused.status.hasPrefix("HTTP/2 429") && refused.body == "{\"detail\": \"too many requests\"}")
        expectPromises(refused, here())
        #expect(try await site.ask("/api/who").status.hasPrefix("HTTP/2 200"))
        let many = try await site.statuses(of: "/api/who?[1-2000]")
        #expect(Set(many) == ["200", "429"] && many.count { $0 == "200" } > 500, "\(Set(many))")

        // Strangers.
        #expect(try await site.ask("/", name: "other.example.org").exit == .exited(35))
        #expect(try await site.ask("/", name: "www.example.org").status.hasPrefix("HTTP/2 200"))
        // Behind the right name in the handshake, another one in the request.
        let hidden = try await site.ask("/", "--http1.1", "--header", "Host: other.example.org")
        #expect(hidden.status.isEmpty && hidden.exit == .exited(52))
        // Without a name in the handshake, as scanners of addresses come.
        #expect(try await site.ask("/", name: "127.0.0.1").exit == .exited(35))
    }

    @Test("without TLS, too, a host that is not ours gets no answer, and nobody learns who we are")
    func strangersInPlain() async throws {
        let site = try await ServedSite {
            $0.frontDoor.tls = nil
            $0.frontDoor.names = ["scan.example.org"]
        }
        #expect(try await site.ask("/api/who", scheme: "http").status == "HTTP/1.1 200 OK")
        for stranger in ["other.example.org", "127.0.0.1", "scan.example.org.evil.example"] {
            for path in ["/", "/api/who", "/.well-known/acme-challenge/token"] {
                let refused = try await site.ask(path, name: stranger, scheme: "http")
                #expect(refused.exit == .exited(52) && refused.status.isEmpty, "\(stranger)\(path): \(refused.status)")
            }
        }
        // HTTP/1.0 needs no name.
        let nameless = try await site.ask("/", "--http1.0", "--header", "Host:", scheme: "http")
        #expect(nameless.exit == .exited(52) && nameless.status.isEmpty, "\(nameless.status)")
    }

    @Test("nginx gives each tier of the application its time to read and to send")
    func tiers() async throws {
        let site = try await ServedSite()
        let dump = try await site.host.processes.run(
            Command(NginxProgram.path, "-T", "-q", "-e", "stderr", "-c", site.layout.nginxMain.string),
            timeout: .seconds(10))
        let tiers = [
            ("/api/code/upload-scan", 900), ("/api/containers/upload-scan", 900), ("/api/cloud-scans/", 600),
            ("/api/setup/validate/", 600), ("/api/", 30),
            ("/", 30),
        ]
        for (path, seconds) in tiers {
            // Once for clients, once for the preview; plain HTTP only says where to go.
            let blocks = dump.output.components(separatedBy: "location \(path) {\n").dropFirst().filter {
                !$0.hasPrefix("        return 308")
            }
            #expect(blocks.count == 2, "\(path)")
            for block in blocks {
                let lines = block.prefix { $0 != "}" }
                #expect(lines.contains("proxy_read_timeout \(seconds)s;"), "\(path)")
                #expect(lines.contains("proxy_send_timeout \(seconds)s;"), "\(path)")
            }
        }
    }

    @Test("plain HTTP answers an authority's challenge, says which slot is live, and sends everybody else to HTTPS")
    func plain() async throws {
        let site = try await ServedSite()
        let plain = try #require(site.profile.frontDoor.tls).plainPort.number
        let challenge = try await site.ask("/.well-known/acme-challenge/token", port: plain, scheme: "http")
        #expect(challenge.status == "HTTP/1.1 200 OK" && challenge.body == "token.key")
        let moved = try await site.ask("/a/b?c=d", name: "evil.example", port: plain, scheme: "http")
        #expect(moved.status.hasPrefix("HTTP/1.1 308"))
        #expect(moved.headers["location"] == "https://scan.example.org:\(site.profile.frontDoor.port)/a/b?c=d")
        for said in [challenge, moved] {
            #expect(said.headers["x-frame-options"] == "DENY" && said.headers["server"] == "nginx")
            #expect(said.headers["strict-transport-security"] == nil)
        }
        let answer = try await site.host.network.exchange(
            address: "127.0.0.1", port: plain, request: Array("NONSENSE\r\n\r\n".utf8), limit: 64 << 10,
            timeout: .seconds(5))
        let malformed = String(decoding: answer, as: UTF8.self)
        #expect(malformed.hasPrefix("HTTP/1.1 400") && malformed.contains("\r\nX-Frame-Options: DENY\r\n"))
    }

    @Test("an upload reaches the application while it is still being sent")
    func unbuffered() async throws {
        let site = try await ServedSite()
        // The application answers at the head: with a buffered body there would be no answer before its end.
        func status(_ path: String) async throws -> String? {
            try await site.host.processes.run(
                Command(
                    "/bin/sh", "-c",
                    "(printf 'POST \(path) HTTP/1.1\\r\\nHost: scan.example.org\\r\\nContent-Length: 9000000\\r\\n\\r\\nbegin'; "
                        + "sleep 2) | timeout 4 openssl s_client -quiet -connect 127.0.0.1:\(site.profile.frontDoor.port) "
                        + "-servername scan.example.org 2>/dev/null | head -n 1"), timeout: .seconds(20)
            ).output.split(separator: "\r\n").first.map(String.init)
        }
        #expect(try await status("/api/code/upload-scan") == "HTTP/1.1 200 OK")
        #expect(try await status("/api/scans") == nil)
    }
}
