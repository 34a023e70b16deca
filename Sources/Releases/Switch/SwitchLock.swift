import CoreTypes
import Host
import SystemPackage

/// The lock that whoever changes slots holds.
enum SwitchLock {
    static func take(_ layout: Layout, on host: any Host, doing: String) throws -> any FileLock {
        let directory = layout.switchLock.removingLastComponent()
        if try host.files.status(directory) == nil {
            try host.files.createDirectory(directory, mode: FilePermissions(rawValue: 0o755), owner: nil)
        }
        do { return try host.files.lock(layout.switchLock) } catch HostError.locked(_, let holder) {
            throw OperatorError(
                doing: doing,
                because: "another switch or deploy is going on" + (holder.map { " (process \($0))" } ?? ""),
                next: "try again when it has ended", exit: .retry)
        }
    }
}
