import Archives
package import Scanning
package import SystemPackage

/// Holds the packages of an image against the operator's advisories.
package struct PackageCheck: Sendable {
    private let advisories: FilePath?
    private let reading: ImageReading

    /// `advisories` is a folder with OSV's files; `nil`, or one that is not there, is none.
    package init(advisories: FilePath?, reading: ImageReading) {
        self.advisories = advisories
        self.reading = reading
    }

    /// What was done, with a sentence about what was not.
    package struct Report: Sendable {
        package let packages: Int
        package let gap: String?
    }

    private struct Place: Sendable {
        let package: InstalledPackage
        let path: String
    }

    private struct Match {
        let place: Place
        let advisory: String
        let names: Set<String>
        let summary: String
        let severity: Severity
        let score: Double?
        let fixed: String?
    }

    package func scan(_ archive: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> Report {
        let (_, inventory) = try reading.image(at: archive, isCancelled: isCancelled)
        let places = Self.places(in: inventory)
        var gaps = Self.unread(in: inventory)
        guard !places.isEmpty else { return Report(packages: 0, gap: gaps.first) }
        let systems = Ecosystems(release: inventory.release)
        let without = places.filter { systems.name(of: $0.package.kind) == nil }.count
        if without > 0 {
            gaps.append(
                "\(without) packages are of a distribution that is not known, and were not held against any advisory")
        }
        let (matches, read, unclear) = try matches(of: places, systems, isCancelled)
        if read.advisories == 0 {
            gaps.append(
                "\(places.count) packages were read and not held against any advisory: put OSV's files into the folder that ADVISORIES_DIRECTORY names"
            )
        }
        if !read.unreadable.isEmpty {
            gaps.append("\(read.unreadable.count) advisories cannot be read, the first of them \(read.unreadable[0])")
        }
        if unclear > 0 { gaps.append("\(unclear) versions could not be compared") }
        var fingerprint = Fingerprint()
        for match in Self.merged(matches) { try report(Self.finding(match, &fingerprint)) }
        return Report(packages: places.count, gap: gaps.isEmpty ? nil : gaps.joined(separator: "; "))
    }

    /// What the image has in the end, each package once.
    private static func places(in inventory: Inventory) -> [Place] {
        // Of a list that several layers have, the last one counts, the empty one of a purge as well.
        var last: [String: PackageCollection.List] = [:]
        for list in inventory.packages.lists where list.layer >= last[list.path]?.layer ?? 0 { last[list.path] = list }
        var seen: Set<InstalledPackage> = []
        return last.values.filter { inventory.shows($0.path, of: $0.layer) }.sorted { $0.path < $1.path }.flatMap {
            list in
            list.packages.filter { seen.insert($0).inserted }.map { Place(package: $0, path: list.path) }
        }
    }

    private static func unread(in inventory: Inventory) -> [String] {
        let lists = inventory.packages.unread.filter { inventory.shows($0.path, of: $0.layer) }
        guard let first = lists.first else { return [] }
        return [
            "\(lists.count) lists of packages were not read, the first of them \(printable(first.path)): \(first.reason)"
        ]
    }

    private func matches(of places: [Place], _ systems: Ecosystems, _ isCancelled: () -> Bool) throws -> (
        [Match], AdvisoryFolder.Report, Int
    ) {
        guard let advisories else { return ([], AdvisoryFolder.Report(), 0) }
        var bySource: [String: [Place]] = [:]
        for place in places { bySource[place.package.source, default: []].append(place) }
        var matches: [Match] = []
        var unclear = 0
        let folder = AdvisoryFolder(path: advisories)
        let read = try folder.read(
            naming: Set(bySource.keys).union(places.map(\.package.name)), isCancelled: isCancelled
        ) { advisory in
            guard advisory.withdrawn == nil else { return }
            for affected in advisory.affected ?? [] {
                guard let about = affected.package, let kind = systems.kind(of: about.ecosystem) else { continue }
                let name = kind == .python ? PackageLists.normalized(about.name) : about.name
                for place in bySource[name] ?? [] where place.package.kind == kind {
                    switch affected.verdict(on: place.package.sourceVersion, Ecosystems.order(of: kind)) {
                    case .unaffected: break
                    case .unclear: unclear += 1
                    case .affected(let fixed):
                        let (severity, score) = advisory.severity(for: affected)
                        let others = (advisory.aliases ?? []) + (advisory.upstream ?? [])
                        matches.append(
                            Match(
                                place: place, advisory: advisory.id, names: Set(others + [advisory.id]),
                                summary: advisory.summary ?? "", severity: severity, score: score, fixed: fixed))
                    }
                }
            }
        }
        return (matches, read, unclear)
    }

    /// One for each package and vulnerability, whatever number of databases tell of it: the one that knows its score first.
    private static func merged(_ matches: [Match]) -> [Match] {
        let ordered = matches.sorted {
            ($0.place.path, $0.place.package.name, $0.score == nil ? 1 : 0, $0.advisory)
                < ($1.place.path, $1.place.package.name, $1.score == nil ? 1 : 0, $1.advisory)
        }
        var told: [InstalledPackage: Set<String>] = [:]
        return ordered.filter { match in
            defer { told[match.place.package, default: []].formUnion(match.names) }
            return told[match.place.package]?.isDisjoint(with: match.names) ?? true
        }
    }

    private static func finding(_ match: Match, _ fingerprint: inout Fingerprint) -> Finding {
        let package = match.place.package
        var words = ["\(package.name) \(package.version)"]
        if package.kind == .dpkg || package.kind == .apk, package.source != package.name {
            words.append("from \(package.source)")
        }
        words.append(match.fixed.map { "fixed in \($0)" } ?? "no fixed version is known")
        let others = match.names.subtracting([match.advisory]).sorted().prefix(8)
        if !others.isEmpty { words.append("also \(others.joined(separator: " "))") }
        if let score = match.score { words.append("CVSS \(score)") }
        return Finding(
            fingerprint: fingerprint.of(rule: match.advisory, path: match.place.path, text: package.name),
            rule: printable(match.advisory, longest: 100),
            title: "\(printable(package.name, longest: 100)) has a known vulnerability"
                + (match.summary.isEmpty ? "" : ": \(printable(match.summary, longest: 160))"),
            severity: match.severity, path: match.place.path, line: 1, column: 1,
            excerpt: printable(words.joined(separator: ", "), longest: 400))
    }
}

/// Which of OSV's ecosystems the packages of an image belong to.
struct Ecosystems {
    private let dpkg: String?
    private let apk: String?

    init(release: [String: String]) {
        let version = release["VERSION_ID"] ?? ""
        switch release["ID"] {
        case "debian": dpkg = "Debian:\(version)"
        case "ubuntu": dpkg = "Ubuntu:\(version)"
        default: dpkg = nil
        }
        let numbers = version.split(separator: ".").prefix(2).joined(separator: ".")
        apk = release["ID"] == "alpine" ? "Alpine:v\(numbers)" : nil
    }

    func name(of kind: InstalledPackage.Kind) -> String? {
        switch kind {
        case .dpkg: dpkg
        case .apk: apk
        case .python: "PyPI"
        case .npm: "npm"
        }
    }

    /// `Debian` without a release is about all of them; Ubuntu writes `Ubuntu:22.04:LTS`.
    func kind(of ecosystem: String) -> InstalledPackage.Kind? {
        InstalledPackage.Kind.allCases.first { kind in
            guard let name = name(of: kind) else { return false }
            return ecosystem == name || ecosystem == "\(name):LTS" || ecosystem == name.prefix { $0 != ":" }
        }
    }

    static func order(of kind: InstalledPackage.Kind) -> VersionOrder {
        switch kind {
        case .dpkg: .dpkg
        case .apk: .apk
        case .python: .python
        case .npm: .semantic
        }
    }
}
