import CoreTypes
import Host
import SystemPackage

/// One installer at a time.
enum InstallLock {
    /// Throws with "try again" and the holder when another one runs.
    static func take(_ layout: Layout, on host: any Host, doing: String) throws -> any FileLock {
        let directory = layout.installLock.removingLastComponent()
        if try host.files.status(directory) == nil {
            try host.files.createDirectory(
                directory, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute], owner: nil)
        }
        do { return try host.files.lock(layout.installLock) } catch HostError.locked(_, let holder) {
            throw OperatorError(
                doing: doing,
                because: "another installation is running" + (holder.map { " (process \($0))" } ?? ""),
                next: "wait for it to end, then run the same command again", exit: .retry)
        }
    }
}
