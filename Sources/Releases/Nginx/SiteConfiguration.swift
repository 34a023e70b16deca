import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// `site.conf`: the front door's servers with the routes of a profile. It includes `live.conf`.
package struct SiteConfiguration: Sendable {
    /// The path at which the front door says which slot is live, to this machine alone.
    static let marker = "/.bedplate/slot"

    package let text: String

    /// `live`: the file that names the live slot; a candidate when the switch asks nginx for its opinion. `isShared`: some
    /// clients meet the other slot.
    package init(_ profile: Profile, _ layout: Layout, live: FilePath, isShared: Bool = false) throws {
        let door = profile.frontDoor
        var out = ConfigurationText()
        out.line("# Written by bedplate from the profile '\(profile.name)'; changes made here are lost.")
        out.line("include \(try NginxWord(live.string));")
        out.line()
        out.append(Self.variables(profile))
        out.line("log_format bedplate '\(AccessLog.format)';")
        for (name, limit) in door.limits.sorted(by: { $0.key < $1.key }) {
            out.line("limit_req_zone $binary_remote_addr zone=bedplate_\(name):10m rate=\(limit.rate);")
        }
        let servers = SiteServers(profile, layout)
        // nginx 1.22 gets a TLS context ready for each route that names its upstream by a variable, at every reading.
        out.append(try servers.main(for: isShared ? LiveConfiguration.chosen : LiveConfiguration.live))
        if let stranger = servers.stranger() { out.append(stranger) }
        if let plain = try servers.plain() { out.append(plain) }
        if let preview = try servers.preview() { out.append(preview) }
        text = out.text
    }

    /// Each map costs nginx more than all the rest of a short site: see `LiveConfiguration`.
    private static func variables(_ profile: Profile) -> ConfigurationText {
        let door = profile.frontDoor
        var out = ConfigurationText()
        out.block("map $http_x_request_id $bedplate_request_id") {
            $0.line("# A client's own id is passed on when it can hurt no log.")
            $0.line("default $request_id;")
            $0.line("\"~^[A-Za-z0-9._-]{1,64}$\" $http_x_request_id;")
        }
        if profile.routes.contains(where: { $0.cache == .immutable }) {
            out.block("map $status $bedplate_kept") {
                $0.line("# What never changes is kept, but not the news that it is missing.")
                $0.line("default \"no-store\";")
                $0.line("\"~^(2|304)\" \"public, max-age=31536000, immutable\";")
            }
        }
        out.block("geo $bedplate_is_local") {
            $0.line("default 0;")
            $0.line("127.0.0.0/8 1;")
            $0.line("::1/128 1;")
            // A door on one address of the machine is asked through that address, and sees it as the client's.
            if !door.plainListener.listensOnLoopback { $0.line("\(door.plainListener.address) 1;") }
        }
        return out
    }
}
