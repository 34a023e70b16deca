import CLinux
import Control
import CoreTypes
import Glibc

/// The part of the control group tree (version 2) that systemd delegated to us: a leaf for each running instance.
///
/// A leaf holds all that descends from a run, whatever sessions and parents it chose, so killing it kills the whole tree.
/// We are in a leaf of our own, because a group whose controllers are handed down may hold no process itself
/// (cgroups(7), "no internal processes"); and controllers are handed down only when a limit asks for one, because
/// systemd before 254 could not start a killed supervisor again in such a group.
final class ControlGroups {
    /// No instance can be called this.
    static let ownLeaf = "_supervisor"

    let root: String
    /// The limits we told that they are not enforced.
    private var told: Set<String> = []

    /// `nil` when nothing was delegated to us, or we could not make our own leaf.
    init?() {
        guard let own = Self.ownDirectory() else { return nil }
        let above = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? ""
        // A unit below one that is delegated, as a user's are, is not ours to leave.
        let isUnit = [".service", ".scope", ".slice"].contains(where: own.hasSuffix)
        if Self.isDelegated(own) {
            root = own
        } else if !isUnit, Self.isDelegated(above) {
            root = above
        } else {
            return nil
        }
        guard root == own else { return }
        let leaf = "\(root)/\(Self.ownLeaf)"
        guard mkdir(leaf, 0o755) == 0 || errno == EEXIST, Self.write("\(getpid())", to: "\(leaf)/cgroup.procs") == 0
        else { return nil }
    }

    private func leaf(_ name: InstanceName) -> String { "\(root)/\(name)" }

    /// Makes the leaf of an instance and opens what a process writes to enter it; the caller closes it.
    func open(_ name: InstanceName) throws(SystemError) -> Int32 {
        let leaf = leaf(name)
        guard mkdir(leaf, 0o755) == 0 || errno == EEXIST else {
            throw SystemError("making the control group '\(leaf)'")
        }
        let descriptor = Glibc.open("\(leaf)/cgroup.procs", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("opening the control group '\(leaf)'") }
        return descriptor
    }

    /// Kills all that is in the leaf, also what is forked meanwhile; whether anything was there.
    func kill(_ name: InstanceName) -> Bool {
        let leaf = leaf(name)
        guard isPopulated(leaf) else { return false }
        return Self.write("1", to: "\(leaf)/cgroup.kill") == 0
    }

    /// Removes a leaf that is empty; another one stays.
    func remove(_ name: InstanceName) { Self.remove(leaf(name), depth: 0) }

    /// The instances that have a leaf, also from an earlier supervisor.
    var leaves: [InstanceName] { Files.names(in: root).compactMap { try? InstanceName($0) } }

    private func isPopulated(_ directory: String) -> Bool {
        let bytes = (try? Files.read("\(directory)/cgroup.events")) ?? []
        return String(decoding: bytes, as: UTF8.self).contains("populated 1")
    }

    /// A child may have made groups below its own.
    private static func remove(_ directory: String, depth: Int) {
        guard rmdir(directory) != 0, errno == EBUSY || errno == ENOTEMPTY, depth < 8 else { return }
        for name in Files.names(in: directory) {
            var status = stat()
            let path = "\(directory)/\(name)"
            if lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { remove(path, depth: depth + 1) }
        }
        rmdir(directory)
    }

    // MARK: Limits

    /// Sets the limits of an instance, whose leaf exists; tells once of each that is not enforced.
    func limit(_ name: InstanceName, to limits: InstanceLimits?) -> [String] {
        let values = [
            (controller: "memory", file: "memory.max", value: limits?.memory.map { "\($0.bytes)" }),
            (controller: "cpu", file: "cpu.max", value: limits?.cpu.map { "\($0 * 1000) 100000" }),
            (controller: "pids", file: "pids.max", value: limits?.pids.map { "\($0)" }),
        ]
        var news: [String] = []
        for (controller, file, value) in values {
            let path = "\(leaf(name))/\(file)"
            guard let value else {
                // One that was set before is taken back.
                if access(path, F_OK) == 0 { _ = Self.write("max", to: path) }
                continue
            }
            var error = access(path, F_OK) == 0 ? 0 : Self.write("+\(controller)", to: "\(root)/cgroup.subtree_control")
            if error == 0 { error = Self.write(value, to: path) }
            guard error != 0, told.insert("\(name) \(controller)").inserted else { continue }
            news.append(Self.unenforced(controller, String(cString: strerror(error))))
        }
        return news
    }

    static func unenforced(_ controller: String, _ reason: String) -> String {
        "its limit of \(controller) is not enforced: \(reason)"
    }

    // MARK: Where we are

    /// Our directory in the unified tree; `nil` when there is none, or we cannot see it.
    private static func ownDirectory() -> String? {
        guard let path = lines(of: "/proc/self/cgroup").first(where: { $0.hasPrefix("0::/") })?.dropFirst(3),
            !path.contains("/..")
        else { return nil }
        for line in lines(of: "/proc/self/mountinfo") {
            // proc(5): the fourth field is the mount's root, the fifth its place, and the type follows a lone dash.
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), fields.count > dash + 1, fields[dash + 1] == "cgroup2",
                fields.count > 4
            else { continue }
            let mountRoot = fields[3] == "/" ? "" : String(fields[3])
            guard path.hasPrefix(mountRoot) else { continue }
            let below = path.dropFirst(mountRoot.count)
            return String(fields[4]) + (below == "/" ? "" : below)
        }
        return nil
    }

    private static func lines(of path: String) -> [Substring] {
        String(decoding: (try? Files.read(path)) ?? [], as: UTF8.self).split(separator: "\n")
    }

    /// systemd marks what it delegates (systemd.resource-control(5), Delegate=).
    private static func isDelegated(_ directory: String) -> Bool {
        ["user.delegate", "trusted.delegate"].contains { name in
            var value: UInt8 = 0
            return linux_attribute(directory, name, &value, 1) == 1 && value == UInt8(ascii: "1")
        }
    }

    /// 0, or the errno.
    private static func write(_ text: String, to path: String) -> Int32 {
        let descriptor = Glibc.open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        let bytes = Array(text.utf8)
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count ? 0 : errno
    }
}
