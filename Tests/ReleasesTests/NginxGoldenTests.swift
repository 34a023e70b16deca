import CoreTypes
import Foundation
import Host
import HostLinux
import Profiles
import Releases
import SystemPackage
import Testing

/// Rendered nginx configuration against the files in `Golden`. `scripts/golden --accept` is the only way to rewrite
/// them.
@Suite(.serialized) struct NginxGoldenTests {
    /// The root that golden files speak of.
    static let root: FilePath = "/srv/root"

    static func rendered(_ manager: FrontDoor.Manager, root: FilePath, user: UInt32) throws -> [(
        name: String, text: String
    )] {
        let profile = SampleProfile.make(manager: manager, port: 18080)
        let layout = Layout(root: root)
        let account = Account(name: "anybody", user: user, group: user)
        return [
            ("site.conf", try SiteConfiguration(profile, layout, live: layout.live).text),
            (
                "site-public.conf",
                try SiteConfiguration(SampleProfile.makePublic(), layout, live: layout.live).text
            ),
            (
                "site-share.conf",
                try SiteConfiguration(profile, layout, live: layout.live, isShared: true).text
            ),
            ("live-share.conf", try LiveConfiguration(slot: .blue, share: 10, profile: profile).text),
            ("live-blue.conf", try LiveConfiguration(slot: .blue, profile: profile).text),
            ("live-green.conf", try LiveConfiguration(slot: .green, profile: profile).text),
            (
                user == 0 ? "nginx-root.conf" : "nginx-user.conf",
                try MainConfiguration(profile, layout, user: account, site: layout.site).text
            ),
        ]
    }

    @Test("rendered configuration is what was accepted", arguments: [0, 1000])
    func golden(user: UInt32) throws {
        let folder = FilePath("\(#filePath)").removingLastComponent().appending("Golden")
        let files = LinuxHost().files
        for (name, text) in try Self.rendered(.supervisor, root: Self.root, user: user) {
            let path = folder.appending(name)
            if ProcessInfo.processInfo.environment["BEDPLATE_GOLDEN"] == "accept" {
                try files.createDirectory(folder, mode: FilePermissions(rawValue: 0o755), owner: nil)
                try files.replace(path, with: Array(text.utf8), mode: FilePermissions(rawValue: 0o644), owner: nil)
            }
            let accepted = try files.readIfPresent(path, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
            #expect(text == accepted, "\(name) differs; look at it, then scripts/golden --accept")
        }
    }

    @Test(
        "a path that nginx would interpret is refused",
        arguments: ["/a b", "/a;", "/{", "/$x", "relative", "/\"", "/a\n"])
    func hostilePaths(path: String) throws {
        var profile = SampleProfile.make()
        profile.routes[0].path = path
        #expect(throws: OperatorError.self) { try SiteConfiguration(profile, Layout(root: "/"), live: "/live.conf") }
    }
}
