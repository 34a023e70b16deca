import CoreTypes
import Host
import Profiles
import SystemPackage

/// The `server` blocks of `site.conf`.
struct SiteServers {
    private let profile: Profile
    private let layout: Layout
    private let door: FrontDoor
    private let headers: SecurityHeaders

    init(_ profile: Profile, _ layout: Layout) {
        self.profile = profile
        self.layout = layout
        door = profile.frontDoor
        headers = SecurityHeaders(overTLS: profile.frontDoor.tls != nil)
    }

    private var names: [String] { (door.tls?.domain.map { [$0] } ?? []) + door.names }
    private var refusesStrangers: Bool { !names.isEmpty }

    /// Where clients are answered. `slot`: whose processes do.
    func main(for slot: String) throws -> ConfigurationText {
        var out = ConfigurationText()
        try out.block("server") { server in
            server.lines(try listen(on: door.listener, isDefault: !refusesStrangers))
            server.line("server_name \(refusesStrangers ? names.joined(separator: " ") : "_");")
            try common(&server)
            server.line()
            for route in profile.routes { server.append(try location(route, in: slot)) }
            if door.tls == nil { marker(&server) }
            errors(&server)
        }
        return out
    }

    /// Whoever asks for another host gets no answer; with TLS not even a certificate.
    func stranger() -> ConfigurationText? {
        guard refusesStrangers else { return nil }
        var out = ConfigurationText()
        out.block("server") { server in
            server.line(
                "listen \(door.listener.listen)\(door.tls == nil ? "" : " ssl http2") default_server;")
            server.line("server_name _;")
            if door.tls != nil { server.line("ssl_reject_handshake on;") }
            server.line("server_tokens off;")
            // What is no request at all is answered here, with 400.
            server.lines(headers.lines())
            if door.tls == nil { marker(&server) }
            server.line("location / { return 444; }")
        }
        return out
    }

    /// The way from plain HTTP to HTTPS.
    func plain() throws -> ConfigurationText? {
        guard door.tls != nil else { return nil }
        let headers = SecurityHeaders(overTLS: false)
        var out = ConfigurationText()
        try out.block("server") { server in
            server.line("listen \(door.plainListener.listen) default_server;")
            server.line("server_name _;")
            server.line("server_tokens off;")
            server.line("client_max_body_size 1m;")
            server.lines(headers.lines())
            marker(&server)
            try server.block("location ^~ /.well-known/acme-challenge/") {
                $0.line("root \(try NginxWord(layout.challenges.string));")
                $0.line("default_type text/plain;")
            }
            server.block("location /") {
                let port = door.port.number == 443 ? "" : ":\(door.port)"
                // 308 keeps method and body. Where we have a name, a stranger's is not repeated.
                $0.line("return 308 https://\(names.first ?? "$host")\(port)$request_uri;")
            }
        }
        return out
    }

    /// The idle slot, for whoever reaches this address.
    func preview() throws -> ConfigurationText? {
        guard let listener = door.preview else { return nil }
        var out = ConfigurationText()
        try out.block("server") { server in
            server.lines(try listen(on: listener, isDefault: true))
            server.line("server_name _;")
            try common(&server)
            server.line()
            for route in profile.routes { server.append(try location(route, in: LiveConfiguration.idle)) }
            errors(&server)
        }
        return out
    }

    private func listen(on listener: Listener, isDefault: Bool) throws -> [String] {
        let suffix = isDefault ? " default_server" : ""
        guard door.tls != nil else { return ["listen \(listener.listen)\(suffix);"] }
        return [
            "listen \(listener.listen) ssl http2\(suffix);",
            "ssl_certificate \(try NginxWord(layout.certificate.string));",
            "ssl_certificate_key \(try NginxWord(layout.certificateKey.string));",
            "ssl_protocols TLSv1.2 TLSv1.3;",
            // TLS 1.2 with forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
            "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
            "ssl_prefer_server_ciphers off;",
            "ssl_session_cache shared:bedplate:10m;",
            "ssl_session_timeout 1d;",
            // Their key would live as long as nginx does, and end forward secrecy with it.
            "ssl_session_tickets off;",
        ]
    }

    private func common(_ server: inout ConfigurationText) throws {
        server.line("server_tokens off;")
        let log = door.manager == .supervisor ? "/dev/stdout" : layout.accessLog(of: door).string
        server.line("access_log \(try NginxWord(log)) bedplate;")
        server.line("client_max_body_size 10m;")
        server.line("client_header_timeout 30s;")
        server.line("limit_req_status 429;")
        server.lines(headers.lines())
        server.line("error_page 413 @too_large;")
        server.line("error_page 429 @too_many;")
        server.line("error_page 502 @no_answer;")
        server.line("error_page 504 @late_answer;")
        server.line()
        passedOn(&server)
    }

    /// What the application hears of a request, and what of its answer stays here: the same on every route.
    private func passedOn(_ server: inout ConfigurationText) {
        // Empty keeps the connection to the application open between requests.
        server.line("set $bedplate_connection \"\";")
        server.line("if ($http_upgrade) { set $bedplate_connection upgrade; }")
        server.line("proxy_http_version 1.1;")
        server.line("proxy_connect_timeout 5s;")
        server.line("proxy_set_header Host $http_host;")
        server.line("proxy_set_header Upgrade $http_upgrade;")
        server.line("proxy_set_header Connection $bedplate_connection;")
        // The front door is the edge: what a client claims in these headers is not believed.
        server.line("proxy_set_header X-Real-IP $remote_addr;")
        server.line("proxy_set_header X-Forwarded-For $remote_addr;")
        server.line("proxy_set_header X-Forwarded-Proto $scheme;")
        server.line("proxy_set_header X-Forwarded-Host $http_host;")
        server.line("proxy_set_header X-Request-ID $bedplate_request_id;")
        server.lines(headers.hidden)
    }

    private func marker(_ server: inout ConfigurationText) {
        server.block("location = \(SiteConfiguration.marker)") {
            // Not 'allow' and 'deny': 'return' answers before they are looked at.
            $0.line("if ($bedplate_is_local = 0) { return 404; }")
            $0.line("access_log off;")
            $0.line("default_type text/plain;")
            $0.lines(headers.lines(also: [("Cache-Control", "no-store")]))
            $0.line("return 200 \"$bedplate_slot$bedplate_share\\n\";")
        }
    }

    private func errors(_ server: inout ConfigurationText) {
        error("@too_large", 413, "the request body is too large", &server)
        error("@too_many", 429, "too many requests", &server)
        error("@no_answer", 502, "the application does not answer", &server)
        error("@late_answer", 504, "the application did not answer in time", &server)
    }

    /// A named location that answers an error of nginx's own as the application would: JSON with `detail`.
    private func error(_ name: String, _ status: Int, _ detail: String, _ server: inout ConfigurationText) {
        server.block("location \(name)") {
            $0.line("default_type application/json;")
            $0.lines(headers.lines(also: [("Cache-Control", "no-store")]))
            $0.line("return \(status) '{\"detail\": \"\(detail)\"}';")
        }
    }

    /// `slot`: whose process answers, in the name of its upstream.
    private func location(_ route: Route, in slot: String) throws -> ConfigurationText {
        var out = ConfigurationText()
        let timeout = "\(max(1, route.timeout.milliseconds / 1000))s"
        out.block("location \(try NginxWord(route.path))") {
            if let name = route.limit, let limit = door.limits[name] {
                $0.line("limit_req zone=bedplate_\(name) burst=\(limit.burst) nodelay;")
            }
            let upstream = LiveConfiguration.upstream(of: route.process, in: slot, streams: route.isStream)
            $0.line("proxy_pass http://\(upstream);")
            if route.isStream {
                $0.line("proxy_bind \(SlotStreams.source);")
                $0.line("proxy_buffering off;")
            }
            switch route.cache {
            case .application: break
            case .revalidate: $0.lines(kept("no-cache"))
            case .immutable: $0.lines(kept("$bedplate_kept"))
            }
            $0.line("proxy_read_timeout \(timeout);")
            $0.line("proxy_send_timeout \(timeout);")
            $0.line("client_max_body_size \(route.body.bytes);")
            if !route.buffersRequests { $0.line("proxy_request_buffering off;") }
        }
        return out
    }

    /// A list of a location stands in the place of its server's.
    private func kept(_ value: String) -> [String] {
        headers.hidden + ["proxy_hide_header Cache-Control;"] + headers.lines(also: [("Cache-Control", value)])
    }
}
