package import Host

/// Packages of the distribution or of a repository that an earlier step added, installed in one go.
package struct PackagesStep: Step {
    package let title: String
    private let wanted: [Wanted]
    private let brings: [Trace]

    /// `brings`: what the packages are known to bring that later steps look at.
    package init(_ wanted: [Wanted], brings: [Trace] = [], title: String) {
        self.wanted = wanted
        self.brings = brings
        self.title = title
    }

    package struct Wanted: Hashable, Sendable {
        package let name: String
        /// What the version must begin with; `nil`: any will do. Any other is replaced.
        package let version: String?
        /// Whether an upgrade of the system leaves it alone.
        package let isHeld: Bool

        package init(_ name: String, version: String? = nil, isHeld: Bool = false) {
            self.name = name
            self.version = version
            self.isHeld = isHeld
        }
    }

    package func check(_ host: any Host) async throws -> [String: PackageRecord] {
        let records = try host.packages.database().records
        return Dictionary(
            uniqueKeysWithValues: wanted.compactMap { want in records[want.name].map { (want.name, $0) } })
    }

    package func plan(_ facts: [String: PackageRecord]) -> [Change] {
        var changes: [Change] = []
        let missing = missing(facts)
        if !missing.isEmpty {
            changes.append(Change("install", "install \(missing.map(\.described).joined(separator: ", "))"))
        }
        let loose = loose(facts)
        if !loose.isEmpty {
            let versions = loose.map { "\($0.name) at \($0.version ?? "its version")" }
            changes.append(Change("hold", "hold \(versions.joined(separator: ", "))"))
        }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let facts = try await check(host)
        switch change.subject {
        case "install":
            let missing = missing(facts)
            guard !missing.isEmpty else { return }
            try await host.packages.install(PackageRequest(missing.map(\.name), brings: brings))
        default: try await host.packages.setHold(true, on: loose(facts).map(\.name))
        }
    }

    private func missing(_ facts: [String: PackageRecord]) -> [Wanted] {
        wanted.filter { want in
            guard let record = facts[want.name], record.state == .installed else { return true }
            // In a rehearsal the version is not known yet.
            guard let version = want.version, record.version.first?.isNumber == true else { return false }
            return !record.version.isOfSeries(version)
        }
    }

    private func loose(_ facts: [String: PackageRecord]) -> [Wanted] {
        wanted.filter { $0.isHeld && facts[$0.name]?.isHeld != true }
    }
}

extension PackagesStep.Wanted {
    fileprivate var described: String { version.map { "\(name) \($0)" } ?? name }
}

extension String {
    /// Whether a package's version belongs to a series: `7.0.26` to `7.0`, `5:7.0.15-1` too, and `7.01` does not.
    func isOfSeries(_ series: String) -> Bool {
        let upstream = split(separator: ":", maxSplits: 1).last ?? ""
        guard upstream.hasPrefix(series) else { return false }
        return upstream.dropFirst(series.count).first.map { !$0.isNumber } ?? true
    }
}
