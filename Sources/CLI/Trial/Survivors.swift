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
        var found: [Int32] = []
        var parents: Set<Int32> = []
        for known in try Self.known(below: layout, on: host) {
            guard let entry = try ProcessEntry(known.pid, in: host.files), entry.startTime == known.startTime,
                !entry.isZombie
            else { continue }
            found.append(known.pid)
            parents.insert(entry.parent)
        }
        pids = found
        mute = try parents.sorted().first { pid in
            let title = try host.files.readOfProcess(pid, "cmdline", limit: 1 << 20) ?? []
            return title.starts(with: Array(layout.bedplated.string.utf8) + [0])
        }
    }

    private struct Known: Hashable {
        let pid: Int32
        let startTime: UInt64
    }

    /// The snapshot waits for its second; what began since then stands in the record of runs.
    private static func known(below layout: Layout, on host: any Host) throws -> Set<Known> {
        let state = try host.files.readIfPresent(layout.state.appending("state.json"), limit: 16 << 20) ?? []
        let instances = (try? JSON(parsing: state).decode(Snapshot.self))?.instances ?? [:]
        let runs = try host.files.readIfPresent(layout.run.appending(RunRecord.fileName), limit: 16 << 20) ?? []
        let remembered = instances.values.compactMap { instance -> Known? in
            guard let pid = instance.pid, let startTime = instance.startTime else { return nil }
            return Known(pid: pid, startTime: startTime)
        }
        return Set(remembered + RunRecord.all(in: runs).map { Known(pid: $0.pid, startTime: $0.startTime) })
    }
}
