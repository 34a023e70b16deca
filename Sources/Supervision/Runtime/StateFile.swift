import Control
import CoreTypes
import Glibc

/// The supervisor's snapshot in `state.json`: what must outlive it.
struct Snapshot: Codable, Equatable {
    static let currentFormat = 1

    var format = Snapshot.currentFormat
    /// The kernel's boot id: pids and start times mean nothing on another boot.
    var boot: String
    /// Written by a supervisor that stopped everything before it left.
    var isClean: Bool
    var instances: [String: Instance]

    struct Instance: Codable, Equatable {
        var wanted: Bool
        var restarts: Int
        var ending: String?
        var pid: Int32?
        /// In clock ticks since boot (proc(5), field 22).
        var startTime: UInt64?
        var invocation: String?
        /// What its probes said; a supervisor that takes over believes it until they are asked again.
        var healthy: Bool?
        /// It has said `READY=1`, which it says only once.
        var ready: Bool?
        /// It was being stopped.
        var stopping: Bool?
        /// A scheduled run was due and had not begun.
        var owed: Bool?
        /// Up to when scheduled runs were dealt with, in milliseconds since 1970.
        var handled: Int64?
    }

    /// Its JSON, without the tree that `JSON(encoding:)` would build.
    var bytes: [UInt8] {
        var writer = JSONObjectWriter()
        writer.member("boot", boot)
        writer.member("format", format)
        writer.member("instances") { list in
            for (name, instance) in instances.sorted(by: { $0.key < $1.key }) {
                list.member(name) { instance.write(to: &$0) }
            }
        }
        writer.member("isClean", isClean)
        return writer.finished()
    }
}

extension Snapshot.Instance {
    fileprivate func write(to writer: inout JSONObjectWriter) {
        writer.member("ending", ending)
        writer.member("handled", handled)
        if healthy == true { writer.member("healthy", true) }
        writer.member("invocation", invocation)
        if owed == true { writer.member("owed", true) }
        writer.member("pid", pid)
        if ready == true { writer.member("ready", true) }
        writer.member("restarts", restarts)
        writer.member("startTime", startTime)
        if stopping == true { writer.member("stopping", true) }
        writer.member("wanted", wanted)
    }
}

/// Loads and replaces the snapshot.
struct StateFile {
    let path: String

    enum Loaded {
        case absent
        case snapshot(Snapshot)
        /// It could not be read and was kept under another name.
        case unreadable(keptAs: String, reason: String)
    }

    func load() throws(SystemError) -> Loaded {
        guard let bytes = try Files.read(path) else { return .absent }
        let reason: String
        do {
            let snapshot = try JSON(parsing: bytes).decode(Snapshot.self)
            if snapshot.format <= Snapshot.currentFormat { return .snapshot(snapshot) }
            reason = "it has format \(snapshot.format)"
        } catch { reason = describe(error) }
        var kept = "\(path).unreadable-\(SystemClock.wall)"
        while access(kept, F_OK) == 0 { kept += "x" }
        guard rename(path, kept) == 0 else { throw SystemError("keeping '\(path)' aside") }
        return .unreadable(keptAs: kept, reason: reason)
    }

    func save(_ snapshot: Snapshot, durable: Bool) throws(SystemError) {
        try Files.replace(path, with: snapshot.bytes + [0x0A], mode: 0o640, durable: durable)
    }
}
