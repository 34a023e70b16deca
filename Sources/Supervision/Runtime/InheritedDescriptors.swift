import CLinux
import Glibc

/// Open descriptors that came with the process, by name: from our own earlier image, or from systemd's store.
final class InheritedDescriptors {
    /// Names the descriptor of a file with a line for each that our earlier image handed on: its name and its number.
    static let handoverKey = "BEDPLATED_HANDOVER"

    private var byName: [String: [Int32]] = [:]

    /// Takes everything out of the environment, and out of the numbers that spawning needs for itself.
    init() {
        for (name, number) in Self.fromSystemd() + Self.fromOurselves() {
            let moved = fcntl(number, F_DUPFD_CLOEXEC, 3 + Int32(LINUX_SPAWN_WINDOW) + 1)
            guard moved >= 0 else { continue }
            close(number)
            byName[name, default: []].append(moved)
        }
        for key in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", Self.handoverKey] { unsetenv(key) }
    }

    deinit { for descriptor in byName.values.joined() { close(descriptor) } }

    /// The descriptor is the caller's from now on.
    func take(_ name: String) -> Int32? {
        guard var found = byName[name], !found.isEmpty else { return nil }
        let descriptor = found.removeFirst()
        byName[name] = found.isEmpty ? nil : found
        return descriptor
    }

    var names: [String] { byName.keys.sorted() }

    private static func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    /// sd_listen_fds_with_names(3)
    private static func fromSystemd() -> [(name: String, number: Int32)] {
        guard variable("LISTEN_PID") == "\(getpid())", let count = variable("LISTEN_FDS").flatMap({ Int32($0) }),
            count > 0
        else { return [] }
        let names = (variable("LISTEN_FDNAMES") ?? "").split(separator: ":", omittingEmptySubsequences: false)
        return (0..<count).map { index in
            (Int(index) < names.count ? String(names[Int(index)]) : "unknown", 3 + index)
        }
    }

    private static func fromOurselves() -> [(name: String, number: Int32)] {
        guard let list = variable(handoverKey).flatMap({ Int32($0) }) else { return [] }
        defer { close(list) }
        lseek(list, 0, SEEK_SET)
        guard let bytes = try? Files.read("/proc/self/fd/\(list)") else { return [] }
        return bytes.split(separator: 0x0A).compactMap { line in
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            guard words.count == 2, let number = Int32(words[1]) else { return nil }
            return (String(words[0]), number)
        }
    }
}
