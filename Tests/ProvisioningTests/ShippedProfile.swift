import Foundation
import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage

/// The profile that ships, with the sample key as the key of its upstreams.
enum ShippedProfile {
    static let repository = FilePath("\(#filePath)").removingLastComponent().removingLastComponent()
        .removingLastComponent()

    static func load(_ settings: String...) throws -> Profile { try load(settings) }

    static func load(_ settings: [String]) throws -> Profile {
        let path = repository.appending("profiles/cspm.yaml").string
        let source = ProfileSource(name: "cspm.yaml", bytes: Array(try Data(contentsOf: URL(filePath: path))))
        let keys = ["node", "mongodb"].map { "upstreams.\($0).fingerprint=\(SampleKeys.lastingFingerprint)" }
        return try ProfileLoader(base: source, settings: keys + settings).load().profile
    }

    /// What turns on all that the profile leaves to the operator.
    static let everything = [
        "docker.access=[engine]", "scanners=[opengrep, gitleaks, osv-scanner, syft, grype, prowler]",
        "front_door.listen=0.0.0.0:443", "front_door.tls={domain: scans.example.org, email: ops@example.org}",
        "runtimes.python.method=source",
    ]

    /// Docker as its package leaves it, and an OpenSSL that finds every certificate right.
    static func addEverything(to host: FakeHost) throws {
        host.machine.setGroups(["root": 0, "docker": 998])
        host.disk.plantSocket(DockerStep.socket, owner: Owner(user: 0, group: 998))
        let disk = host.disk
        host.commands.onRun("/usr/bin/openssl") { command in
            let words = command.arguments
            for (option, value) in zip(words, words.dropFirst()) where ["-keyout", "-out"].contains(option) {
                disk.plant(FilePath(value), "", mode: [.ownerReadWrite])
            }
            let said = "PUBLIC KEY\n" + (words[0] == "x509" ? "Hostname a does match certificate\n" : "")
            return CommandResult(status: .exited(0), output: said, errors: "")
        }
    }

    /// A bare host on which all that the profile names can be fetched.
    static func host(_ release: [String: String], _ profile: Profile) throws -> FakeHost {
        let host = FakeHost.bare(release)
        let distribution = try demand(Distribution(release))
        let needed = try HostGraph.repositories(profile, on: distribution)
        host.serve(
            keys: needed.map { profile.catalogue.mirrored($0.upstream.key) },
            repositories: needed.map {
                "\(profile.catalogue.mirrored($0.repository.uri))/dists/\($0.repository.suite)/InRelease"
            },
            archives: profile.catalogue.archives.values.map { (profile.catalogue.mirrored($0.uri), $0.sha256) })
        return host
    }

    static func graph(_ profile: Profile, _ release: [String: String]) throws -> StepGraph {
        try HostGraph(
            profile, layout: Layout(), on: try demand(Distribution(release)), architecture: "x86_64",
            site: [.init("/etc/nginx/bedplate/site.conf", content: "server {}\n")],
            settings: [.init("/etc/bedplate/profile.yaml", content: "profile: cspm\n")]
        ).graph
    }

    private static func demand<Value>(_ value: Value?) throws -> Value { try value ?? { throw Missing() }() }
    private struct Missing: Error {}
}
