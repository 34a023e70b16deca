import CoreTypes
import Host
package import Profiles
package import SystemPackage

/// `site.conf`: the front door's server with the routes of a profile. It includes `live.conf`.
package struct SiteConfiguration: Sendable {
    package let text: String

    /// `live`: the file that names the live slot; a candidate when the switch asks nginx for its opinion.
    package init(_ profile: Profile, live: FilePath) throws {
        let door = profile.frontDoor
        var out = ConfigurationText()
        out.line("# Written by bedplate from the profile '\(profile.name)'; changes made here are lost.")
        out.line("include \(try NginxWord(live.string));")
        out.line()
        out.block("map $http_upgrade $bedplate_connection") {
            $0.line("# Empty keeps the connection to the application open between requests.")
            $0.line("default upgrade;")
            $0.line("\"\" \"\";")
        }
        out.block("map $http_x_request_id $bedplate_request_id") {
            $0.line("# A client's own id is passed on when it can hurt no log.")
            $0.line("default $request_id;")
            $0.line("\"~^[A-Za-z0-9._-]{1,64}$\" $http_x_request_id;")
        }
        out.block("geo $bedplate_is_local") {
            $0.line("default 0;")
            $0.line("127.0.0.0/8 1;")
            $0.line("::1/128 1;")
            // A door on one address of the machine is asked through that address, and sees it as the client's.
            if !door.listensOnLoopback { $0.line("\(door.address) 1;") }
        }
        let routes = try profile.routes.map { try Self.location($0) }
        out.block("server") { server in
            server.line("listen \(door.listen);")
            server.line("server_name _;")
            server.line("server_tokens off;")
            server.line("client_max_body_size 1m;")
            server.lines(SecurityHeaders.lines())
            server.line("error_page 413 @too_large;")
            server.line("error_page 502 @no_answer;")
            server.line("error_page 504 @late_answer;")
            server.line()
            for route in routes { server.append(route) }
            server.block("location = /.bedplate/slot") {
                // Not 'allow' and 'deny': 'return' answers before they are looked at.
                $0.line("if ($bedplate_is_local = 0) { return 404; }")
                $0.line("default_type text/plain;")
                $0.lines(SecurityHeaders.lines(also: [("Cache-Control", "no-store")]))
                $0.line("return 200 \"$bedplate_slot\\n\";")
            }
            server.error("@too_large", 413, "the request body is too large")
            server.error("@no_answer", 502, "the application does not answer")
            server.error("@late_answer", 504, "the application did not answer in time")
        }
        text = out.text
    }

    private static func location(_ route: Route) throws -> ConfigurationText {
        var out = ConfigurationText()
        let timeout = "\(max(1, route.timeout.milliseconds / 1000))s"
        out.block("location \(try NginxWord(route.path))") {
            $0.line("proxy_pass http://\(LiveConfiguration.upstream(of: route.process));")
            $0.line("proxy_http_version 1.1;")
            $0.line("proxy_set_header Host $http_host;")
            $0.line("proxy_set_header Upgrade $http_upgrade;")
            $0.line("proxy_set_header Connection $bedplate_connection;")
            // The front door is the edge: what a client claims in these headers is not believed.
            $0.line("proxy_set_header X-Forwarded-For $remote_addr;")
            $0.line("proxy_set_header X-Forwarded-Proto $scheme;")
            $0.line("proxy_set_header X-Forwarded-Host $http_host;")
            $0.line("proxy_set_header X-Request-ID $bedplate_request_id;")
            $0.lines(SecurityHeaders.hidden)
            $0.line("proxy_connect_timeout 5s;")
            $0.line("proxy_read_timeout \(timeout);")
            $0.line("proxy_send_timeout \(timeout);")
            $0.line("client_max_body_size \(route.body.bytes);")
            if !route.buffersRequests { $0.line("proxy_request_buffering off;") }
        }
        return out
    }
}

extension FrontDoor {
    /// As `listen` takes it.
    var listen: String { address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)" }

    var isWildcard: Bool { address == "0.0.0.0" || address == "::" }

    /// Whether a connection to 127.0.0.1 or ::1 reaches it.
    var listensOnLoopback: Bool { isWildcard || address.hasPrefix("127.") || address == "::1" }

    /// Where this machine reaches it.
    package var localAddress: String {
        switch address {
        case "0.0.0.0": "127.0.0.1"
        case "::": "::1"
        default: address
        }
    }
}
