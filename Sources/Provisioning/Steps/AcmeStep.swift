package import Host
package import SystemPackage

/// A certificate for the front door that an ACME server vouches for, by certbot: asked for once, with a file below
/// `/.well-known/acme-challenge/` as the proof (HTTP-01); from then on Debian's certbot.timer renews it.
package struct AcmeStep: Step {
    /// What certbot calls it.
    package static let lineage = "bedplate"
    private static let folder: FilePath = "/etc/letsencrypt"
    /// Certificates with their keys and the account they were asked for by: an ACME server gives few of them a week.
    package static let valuables = ["accounts", "archive", "live", "renewal"].map { folder.appending($0) }

    package let title = "certificate by ACME"
    private let domain: String
    private let email: String?
    private let server: String
    private let layout: Layout

    /// `server`: the address of its directory.
    package init(domain: String, email: String?, server: String, layout: Layout) {
        self.domain = domain
        self.email = email
        self.server = server
        self.layout = layout
    }

    /// The file that says how certbot renews it.
    private var renewal: FilePath { Self.folder.appending("renewal/\(Self.lineage).conf") }

    /// Where the front door's files lead.
    private var links: [(link: FilePath, target: String)] {
        let live = Self.folder.appending("live/\(Self.lineage)")
        return [
            (layout.certificateKey, live.appending("privkey.pem").string),
            (layout.certificate, live.appending("fullchain.pem").string),
        ]
    }

    package struct Facts: Sendable {
        package var isIssued: Bool
        package var isUsed: Bool
    }

    package func check(_ host: any Host) async throws -> Facts {
        let renewal = try host.files.readIfPresent(renewal, limit: 1 << 20)
            .map { String(decoding: $0, as: UTF8.self) }
        // The rehearsal's file is empty; certbot's own names the server, and each domain with its folder.
        let isOfThese = renewal.map { text in
            text.isEmpty
                || text.split(separator: "\n").contains { $0.hasPrefix("\(domain) = ") }
                    && text.split(separator: "\n").contains("server = \(server)")
        }
        let isThere = try links.allSatisfy { try host.files.status(FilePath($0.target)) != nil }
        return Facts(
            isIssued: isThere && isOfThese ?? false,
            isUsed: try links.allSatisfy { link, target in
                try host.files.status(link)?.kind == .link && host.files.linkTarget(link) == target
            })
    }

    package func plan(_ facts: Facts) -> [Change] {
        var changes: [Change] = []
        if !facts.isIssued { changes.append(Change("issue", "ask \(server) for a certificate of \(domain)")) }
        if !facts.isUsed { changes.append(Change("use", "let the front door show the certificate of \(domain)")) }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        guard change.subject == "issue" else {
            for (link, target) in links {
                try host.files.remove(link.unfinished)
                try host.files.createLink(link.unfinished, to: target)
                try host.files.rename(link.unfinished, to: link)
            }
            return
        }
        let account = email.map { ["--email", $0] } ?? ["--register-unsafely-without-email"]
        let ask = Command(
            "/usr/bin/certbot",
            arguments: [
                "certonly", "--non-interactive", "--quiet", "--agree-tos", "--cert-name", Self.lineage, "--webroot",
                "--webroot-path", layout.challenges.string, "--domain", domain, "--server", server,
            ] + account
        ).leaving(
            [renewal.string].map { .file($0) } + links.map { .file($0.target) }
                + [.directory("\(Self.folder)/archive/\(Self.lineage)"), .directory("\(Self.folder)/accounts")])
        try await host.processes.demand(
            ask, doing: "get a certificate of \(domain) from \(server)", timeout: .seconds(300))
    }
}
