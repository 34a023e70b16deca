/// Language runtimes that the application needs on its host.
package struct Runtimes: Sendable, Equatable {
    package var python: Python?
    package var node: Node?

    package init(python: Python? = nil, node: Node? = nil) {
        self.python = python
        self.node = node
    }

    package struct Python: Sendable, Equatable {
        /// The series: `3.12`.
        package var version: String
        package var method: Method

        /// `automatic`: the distribution's own where it has that series, else the standalone archive.
        package enum Method: String, Sendable, CaseIterable { case automatic, distribution, standalone, source }

        package init(version: String, method: Method) {
            self.version = version
            self.method = method
        }
    }

    package struct Node: Sendable, Equatable {
        /// The series: `20`.
        package var version: String
        package var yarn: Bool

        package init(version: String, yarn: Bool) {
            self.version = version
            self.yarn = yarn
        }
    }
}

/// A scanner that others make, which an installation fetches.
package enum Scanner: String, Sendable, CaseIterable {
    case opengrep, gitleaks
    case osvScanner = "osv-scanner"
    case syft, grype, prowler

    /// The name of its archive in the catalogue. `architecture`: as uname(2) names it.
    package func archive(for architecture: String) -> String {
        // Prowler is Python, and the same for every processor.
        self == .prowler ? rawValue : "\(rawValue)-" + architecture.split(separator: "_").joined(separator: "-")
    }
}

/// A third party's apt repository, by distribution, and the one key that may sign it.
package struct Upstream: Sendable, Equatable {
    package var key: String
    /// 40 hexadecimal digits in capitals.
    package var fingerprint: String
    /// By distribution, as in `debian-12`; `any` for all that are not named.
    package var repositories: [String: Repository]

    package struct Repository: Sendable, Equatable {
        package var uri: String
        package var suite: String
        package var components: [String]

        package init(uri: String, suite: String, components: [String]) {
            self.uri = uri
            self.suite = suite
            self.components = components
        }
    }

    package init(key: String, fingerprint: String, repositories: [String: Repository]) {
        self.key = key
        self.fingerprint = fingerprint
        self.repositories = repositories
    }
}

/// A file from elsewhere that is known by its digest.
package struct PinnedArchive: Sendable, Equatable {
    package var uri: String
    /// 64 hexadecimal digits.
    package var sha256: String
    /// For people: `8.30.1`.
    package var version: String?

    package init(uri: String, sha256: String, version: String? = nil) {
        self.uri = uri
        self.sha256 = sha256
        self.version = version
    }
}

/// What is fetched from elsewhere, and from where instead.
package struct Catalogue: Sendable, Equatable {
    package var upstreams: [String: Upstream]
    package var archives: [String: PinnedArchive]
    package var mirrors: [Mirror]

    package struct Mirror: Sendable, Equatable {
        package var from: String
        package var to: String

        package init(from: String, to: String) {
            self.from = from
            self.to = to
        }
    }

    package init(
        upstreams: [String: Upstream] = [:], archives: [String: PinnedArchive] = [:], mirrors: [Mirror] = []
    ) {
        self.upstreams = upstreams
        self.archives = archives
        self.mirrors = mirrors
    }

    /// An address as the mirrors have it: the first one whose `from` it begins with takes its place.
    package func mirrored(_ address: String) -> String {
        guard let mirror = mirrors.first(where: { address.hasPrefix($0.from) }) else { return address }
        return mirror.to + address.dropFirst(mirror.from.count)
    }
}
