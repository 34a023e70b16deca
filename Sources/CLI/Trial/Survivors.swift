import Control
import CoreTypes
import Host
import SystemPackage

/// What runs below a root although no supervisor answers there: the processes of one that was killed.
struct Survivors {
    let pids: [Int32]
    /// A supervisor that runs, but does not answer.
    let mute: Int32?

    /// What we need of the supervisor's own snapshot. One that is not understood tells of nobody.
    private struct Snapshot: Decodable {
        let instances: [String: Instance]

        struct Instance: Decodable {
            let pid: Int32?
            let startTime: UInt64?
        }
    }

    init(below layout: Layout, on host: any Host) throws {
        let bytes = try host.files.readIfPresent(layout.state.appending("state.json"), limit: 16 << 20) ?? []
        let known = (try? JSON(parsing: bytes).decode(Snapshot.self))?.instances ?? [:]
        var found: [Int32] = []
        var parents: Set<Int32> = []
        for instance in known.values {
            guard let pid = instance.pid, let entry = try ProcessEntry(pid, on: host),
                entry.startTime == instance.startTime, !entry.isZombie
            else { continue }
            found.append(pid)
            parents.insert(entry.parent)
        }
        pids = found
        mute = try parents.sorted().first { pid in
            let title = try host.files.readIfPresent(FilePath("/proc/\(pid)/cmdline"), limit: 1 << 20) ?? []
            return title.starts(with: Array(layout.bedplated.string.utf8) + [0])
        }
    }
}
