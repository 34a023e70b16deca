package import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// nginx itself: which files it reads, what it thinks of a candidate, how it is told to read them again.
package struct NginxProgram: Sendable {
    package static let path: FilePath = "/usr/sbin/nginx"
    package static let unit = "nginx.service"

    private let host: any Host
    private let layout: Layout
    private let profile: Profile

    package init(host: any Host, layout: Layout, profile: Profile) {
        self.host = host
        self.layout = layout
        self.profile = profile
    }

    /// The files as they are with `live` as the live slot, by path. `nginx.conf` only where it is ours. With `share`, some
    /// clients meet the other slot.
    package func files(live: Slot, share: Int? = nil) throws -> [(path: FilePath, content: String)] {
        var files: [(path: FilePath, content: String)] = [
            (layout.live, try LiveConfiguration(slot: live, share: share, profile: profile).text),
            (layout.site, try SiteConfiguration(profile, layout, live: layout.live, isShared: share != nil).text),
        ]
        if profile.frontDoor.manager == .supervisor {
            let user = try host.accounts.current()
            files.append(
                (layout.nginxMain, try MainConfiguration(profile, layout, user: user, site: layout.site).text))
        }
        return files
    }

    /// Writes `live.conf` for a slot beside the real one and lets nginx read the whole configuration with it.
    /// With `share`, the other slot is live for all clients but these.
    package func test(_ slot: Slot, share: Int? = nil) async throws {
        if let share {
            let candidate = try LiveConfiguration(slot: slot.other, share: share, profile: profile)
            try await test(candidate, isShared: true, of: slot)
        }
        try await test(LiveConfiguration(slot: slot, profile: profile), isShared: false, of: slot)
    }

    private func test(_ candidate: LiveConfiguration, isShared: Bool, of slot: Slot) async throws {
        let live = layout.nginx.appending("live.candidate")
        let site = layout.nginx.appending("site.candidate")
        let main = layout.nginx.appending("nginx.candidate")
        let user = try host.accounts.current()
        try write(candidate.text, to: live)
        try write(SiteConfiguration(profile, layout, live: live, isShared: isShared).text, to: site)
        try write(MainConfiguration(profile, layout, user: user, site: site).text, to: main)
        let command = Command(Self.path, "-t", "-q", "-e", "stderr", "-c", main.string)
        let result = try await host.processes.run(command, timeout: .seconds(10))
        guard result.status == .exited(0) else {
            throw OperatorError(
                doing: "switch traffic to \(slot)",
                because: "nginx rejects the new configuration: \(result.lastLines(5))",
                next: "see \(main)")
        }
        for candidate in [main, site, live] { try host.files.remove(candidate) }
    }

    /// Names a slot in `live.conf`, beside files that fit it. nginx does not know before it is reloaded.
    package func write(live slot: Slot, share: Int? = nil) throws {
        // `live.conf` first: it has all that a site of an earlier release asks for, while what such a release wrote lacks
        // what this one's asks for. Whenever nginx reads them, what is there fits.
        for (path, content) in try files(live: slot, share: share) {
            guard try host.files.readIfPresent(path, limit: 1 << 20) != Array(content.utf8) else { continue }
            try write(content, to: path)
        }
    }

    private func write(_ text: String, to path: FilePath) throws {
        try host.files.replace(
            path, with: Array(text.utf8), mode: [.ownerReadWrite, .groupRead, .otherRead], owner: nil)
    }
}
