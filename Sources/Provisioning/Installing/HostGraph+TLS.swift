import Host
import Profiles
import SystemPackage

extension HostGraph {
    /// The certificate that we sign, and the folders of certificates and challenges; nothing without TLS.
    mutating func addCertificate(after positions: Set<Int>) -> Set<Int> {
        guard let tls = profile.frontDoor.tls else { return [] }
        let folders = graph.add(
            DirectoryStep(
                [
                    .init(layout.certificate.removingLastComponent(), mode: [.ownerReadWriteExecute]),
                    .init(layout.challenges, mode: FilePermissions(rawValue: 0o755)),
                ], title: "folders of certificates"), after: positions)
        let address = ["0.0.0.0", "::"].contains(profile.frontDoor.address) ? nil : profile.frontDoor.address
        return [
            graph.add(
                CertificateStep(domain: tls.domain, address: address, layout: layout), after: [folders])
        ]
    }

    /// With a domain: a certificate from an ACME server, which asks nginx for the proof, and its renewal. Answers the
    /// steps after which nginx has to take it up.
    mutating func addAcme(after positions: Set<Int>) -> Set<Int> {
        guard let tls = profile.frontDoor.tls, let domain = tls.domain else { return [] }
        let hooks: FilePath = "/etc/letsencrypt/renewal-hooks/deploy"
        let folder = graph.add(
            DirectoryStep([.init(hooks, mode: FilePermissions(rawValue: 0o755))], title: "folder of renewal hooks"),
            after: positions)
        let hook = graph.add(
            FileStep(
                [
                    .init(
                        hooks.appending("bedplate"),
                        content: """
                            #!/bin/sh
                            # Written by bedplate; changes made here are lost. Run by certbot after a renewal.
                            exec systemctl reload nginx.service

                            """, mode: FilePermissions(rawValue: 0o755))
                ], title: "renewal of the certificate"), after: [folder])
        return [
            graph.add(
                AcmeStep(domain: domain, email: tls.email, server: tls.acme, layout: layout), after: [hook])
        ]
    }
}
