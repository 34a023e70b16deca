import Glibc
package import Host
package import SystemPackage

/// What kind of machine this is, by os-release(5).
package struct LinuxSystem: SystemInformation {
    private let osReleases: [FilePath]

    /// `osReleases`: the files to try, in this order.
    package init(osReleases: [FilePath]) { self.osReleases = osReleases }

    package func osRelease() throws -> [String: String] {
        for path in osReleases {
            guard let content = try LinuxFiles().readIfPresent(path, limit: 64 << 10) else { continue }
            return Self.parse(String(decoding: content, as: UTF8.self))
        }
        throw HostError.failed(call: "open", path: osReleases.last ?? "", errno: .noSuchFileOrDirectory)
    }

    package func hardware() throws -> Hardware {
        var name = utsname()
        uname(&name)
        return Hardware(
            architecture: Self.text(name.machine), kernel: Self.text(name.release), memory: try memory(),
            processorFlags: try processorFlags())
    }

    package func space(at path: FilePath) throws -> Space {
        var place = path
        var status = stat()
        while stat(place.string, &status) != 0 {
            guard errno == ENOENT, !place.components.isEmpty else {
                throw HostError.failed(call: "stat", path: place, errno: Errno(rawValue: errno))
            }
            place.removeLastComponent()
        }
        var system = statvfs()
        try call("statvfs", place) { statvfs(place.string, &system) }
        let mount = try MountTable.read().holding(try resolved(place))
        return Space(
            device: mount?.device ?? UInt64(status.st_dev),
            available: Int64(system.f_bavail) * Int64(system.f_frsize), mount: mount?.path ?? "/",
            // Where inodes are made as they are needed there are none in all.
            takesFiles: system.f_files == 0 || system.f_favail > 0)
    }

    /// With every link followed: a mount point is.
    private func resolved(_ path: FilePath) throws -> FilePath {
        guard let text = realpath(path.string, nil) else {
            throw HostError.failed(call: "realpath", path: path, errno: Errno(rawValue: errno))
        }
        defer { free(text) }
        return FilePath(platformString: text)
    }

    private func memory() throws -> Int64 {
        let content = try LinuxFiles().read("/proc/meminfo", limit: 64 << 10)
        let line = String(decoding: content, as: UTF8.self).split(separator: "\n").first { $0.hasPrefix("MemTotal:") }
        // `MemTotal:  24643812 kB` (proc(5)).
        guard let words = line?.split(separator: " "), words.count > 1, let kilobytes = Int64(words[1]) else {
            throw HostError.notUnderstood(path: "/proc/meminfo", why: "it has no MemTotal")
        }
        return kilobytes << 10
    }

    private func processorFlags() throws -> Set<String> {
        let content = try LinuxFiles().readIfPresent("/proc/cpuinfo", limit: 16 << 20) ?? []
        let line = String(decoding: content, as: UTF8.self).split(separator: "\n").first {
            $0.hasPrefix("flags") || $0.hasPrefix("Features")
        }
        return Set(line?.split(separator: ":").last?.split(separator: " ").map(String.init) ?? [])
    }

    private static func text<Field>(_ field: Field) -> String {
        withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    static func parse(_ text: String) -> [String: String] {
        var pairs: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            pairs[String(parts[0])] = unquoted(parts[1])
        }
        return pairs
    }

    /// Shell quoting, as far as os-release(5) allows it.
    private static func unquoted(_ value: Substring) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
            return String(value)
        }
        var text = ""
        var isEscaped = false
        for character in value.dropFirst().dropLast() {
            if !isEscaped, quote == "\"", character == "\\" {
                isEscaped = true
            } else {
                text.append(character)
                isEscaped = false
            }
        }
        return text
    }
}
