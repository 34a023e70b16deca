import Archives

/// The packages that files of an image tell of, layer by layer, and what could not be read.
struct PackageCollection: Sendable {
    struct List: Sendable {
        let path: String
        let layer: Int
        let packages: [InstalledPackage]
    }

    private let limits: ImageLimits
    private(set) var lists: [List] = []
    private var count = 0
    /// Lists that are there and were not read, with the reason.
    private(set) var unread: [(path: String, layer: Int, reason: String)] = []

    init(limits: ImageLimits = ImageLimits()) { self.limits = limits }

    private enum Role { case dpkg, dpkgPart, apk, python, npm, rpm }

    private static func role(of path: String) -> Role? {
        let parts = path.split(separator: "/")
        guard let last = parts.last else { return nil }
        switch last {
        case "status": return path == "var/lib/dpkg/status" ? .dpkg : nil
        case "installed": return path == "lib/apk/db/installed" || path == "usr/lib/apk/db/installed" ? .apk : nil
        case "METADATA": return parts.dropLast().last?.hasSuffix(".dist-info") == true ? .python : nil
        case "PKG-INFO": return parts.dropLast().last?.hasSuffix(".egg-info") == true ? .python : nil
        case "package.json":
            let above = parts.dropLast(2)
            // `node_modules/NAME` or `node_modules/@SCOPE/NAME`; deeper ones are parts of a package.
            if above.last == "node_modules" { return .npm }
            return above.last?.hasPrefix("@") == true && above.dropLast().last == "node_modules" ? .npm : nil
        case "Packages", "Packages.db", "rpmdb.sqlite":
            return path.hasPrefix("var/lib/rpm/") || path.hasPrefix("usr/lib/sysimage/rpm/") ? .rpm : nil
        default:
            let isPart = path.hasPrefix("var/lib/dpkg/status.d/") && parts.count == 5 && !last.hasSuffix(".md5sums")
            return isPart ? .dpkgPart : nil
        }
    }

    mutating func look(at entry: LayerEntry, layer: Int, _ content: EntryReader) throws {
        guard let role = Self.role(of: entry.path) else { return }
        func pass(_ reason: String) { unread.append((entry.path, layer, reason)) }
        if role == .rpm { return pass("lists of RPM packages are not read") }
        guard count < limits.packages else { return pass("more than \(limits.packages) packages") }
        guard let bytes = try content.all(atMost: role == .npm || role == .python ? 1 << 20 : limits.packageFile) else {
            return pass("too large, or with holes")
        }
        let found: [InstalledPackage] =
            switch role {
            case .dpkg, .dpkgPart:
                PackageLists.dpkg(String(decoding: bytes, as: UTF8.self), needsStatus: role == .dpkg)
            case .apk: PackageLists.apk(String(decoding: bytes, as: UTF8.self))
            case .python: PackageLists.python(String(decoding: bytes, as: UTF8.self))
            case .npm: PackageLists.npm(bytes)
            case .rpm: []
            }
        count += found.count
        // An empty one counts, too: it may take the place of a lower layer's.
        lists.append(List(path: entry.path, layer: layer, packages: found))
    }
}
