import CoreTypes
import Host
import SystemPackage

/// The lock that whoever changes slots holds.
///
/// It is the kernel's: its lease is the owner's life. A dead owner's lock is free at once, and a slow one's is never taken
/// away while it works; what it had begun is in `slots.json`.
enum SwitchLock {
    static func take(_ layout: Layout, on host: any Host, doing: String) throws -> any FileLock {
        let directory = layout.switchLock.removingLastComponent()
        if try host.files.status(directory) == nil {
            try host.files.createDirectory(directory, mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        do { return try host.files.lock(layout.switchLock) } catch HostError.locked(_, let holder) {
            throw OperatorError(
                doing: doing,
                because: "another switch or deploy is going on" + (holder.map { " (process \($0))" } ?? "")
                    + ongoing(layout, host),
                next: "try again when it has ended", exit: .retry)
        }
    }

    /// What its owner has recorded of it.
    private static func ongoing(_ layout: Layout, _ host: any Host) -> String {
        guard let ongoing = try? SlotRecord.load(layout, on: host)?.ongoing else { return "" }
        let seconds = max(0, host.wallTime() - ongoing.began) / 1000
        return ": a switch to \(ongoing.to), for \(seconds) s, at the stage '\(ongoing.stage.rawValue)'"
    }
}
