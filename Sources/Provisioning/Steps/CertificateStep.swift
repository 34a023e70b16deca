package import Host
import SystemPackage

/// A certificate for the front door that nobody but we vouch for: what clients meet until an ACME server has signed one, or
/// for good. One that certbot keeps is left alone.
package struct CertificateStep: Step {
    /// How much of its life must be left, in seconds.
    private static let margin = 30 * 86_400
    private static let days = 825

    package let title = "certificate"
    private let name: String
    private let address: String?
    private let certificate: FilePath
    private let key: FilePath

    /// `domain`: the name it is for; without one it is for this machine itself and, where there is one, `address`.
    package init(domain: String?, address: String?, layout: Layout) {
        name = domain ?? "localhost"
        self.address = domain == nil ? address : nil
        certificate = layout.certificate
        key = layout.certificateKey
    }

    package enum Facts: Sendable {
        case absent
        /// It is about to expire, is for another name, or does not belong to its key.
        case unfit
        case right
    }

    package func check(_ host: any Host) async throws -> Facts {
        guard let found = try host.files.status(certificate), let foundKey = try host.files.status(key) else {
            return .absent
        }
        guard found.kind == .file else { return .right }
        guard foundKey.kind == .file, foundKey.mode == [.ownerReadWrite] else { return .unfit }
        func ask(_ arguments: String...) async throws -> CommandResult {
            try await host.processes.run(Command("/usr/bin/openssl", arguments: arguments), timeout: .seconds(30))
        }
        // Asked whether it expires, OpenSSL says nothing about the name; one that does not fit is said, not an error.
        let age = try await ask("x509", "-in", certificate.string, "-noout", "-checkend", "\(Self.margin)")
        let shown = try await ask("x509", "-in", certificate.string, "-noout", "-pubkey", "-checkhost", name)
        let own = try await ask("pkey", "-in", key.string, "-pubout")
        guard age.status == .exited(0), shown.status == .exited(0), own.status == .exited(0), !own.output.isEmpty,
            shown.output.contains(own.output), shown.output.contains("does match certificate")
        else { return .unfit }
        return .right
    }

    package func plan(_ facts: Facts) -> [Change] {
        switch facts {
        case .absent: [Change(certificate.string, "make a certificate for \(name) that we sign ourselves")]
        case .unfit: [Change(certificate.string, "make a new certificate for \(name), as the one there does not fit")]
        case .right: []
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let names = ["DNS:\(name)"] + (address.map { ["IP:127.0.0.1", "IP:\($0)"] } ?? [])
        let make = Command(
            "/usr/bin/openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "\(Self.days)", "-subj", "/CN=\(name)", "-addext",
            "subjectAltName=\(Set(names).sorted().joined(separator: ","))", "-keyout", key.unfinished.string, "-out",
            certificate.unfinished.string
        ).leaving([.file(key.unfinished.string), .file(certificate.unfinished.string)])
        try await host.processes.demand(make, doing: change.sentence, timeout: .seconds(60))
        // OpenSSL makes keys for their owner alone, in a folder that nobody else enters.
        try host.files.setMode(key.unfinished, [.ownerReadWrite])
        // A run that is killed between the two has a certificate of another key, which the next one sees.
        try host.files.rename(key.unfinished, to: key)
        try host.files.rename(certificate.unfinished, to: certificate)
    }
}
