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

    static func load(_ settings: String...) throws -> Profile {
        let path = repository.appending("profiles/cspm.yaml").string
        let source = ProfileSource(name: "cspm.yaml", bytes: Array(try Data(contentsOf: URL(filePath: path))))
        let keys = ["node", "mongodb"].map { "upstreams.\($0).fingerprint=\(SampleKeys.lastingFingerprint)" }
        return try ProfileLoader(base: source, settings: keys + settings).load().profile
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
