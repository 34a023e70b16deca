import CoreTypes
package import Host
import SystemPackage

/// One installer at a time, and nothing of an earlier one beside it.
package enum InstallLock {
    /// How long a command may go on whose installer was killed.
    private static let patience = Duration.seconds(900)

    /// Throws with "try again" and the holder when another one runs. What a killed one had begun is waited for, as two
    /// would unpack into one folder: `waiting` is called when there is something.
    package static func take(
        _ layout: Layout, on host: any Host, doing: String, waiting: () -> Void
    ) async throws -> any FileLock {
        let directory = layout.installLock.removingLastComponent()
        if try host.files.status(directory) == nil {
            try host.files.createDirectory(
                directory, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute], owner: nil)
        }
        let lock: any FileLock
        do { lock = try host.files.lock(layout.installLock) } catch HostError.locked(_, let holder) {
            throw OperatorError(
                doing: doing,
                because: "another installation is running" + (holder.map { " (process \($0))" } ?? ""),
                next: "wait for it to end, then run the same command again", exit: .retry)
        }
        do { try await commandsEnd(layout, host, doing, waiting) } catch {
            lock.release()
            throw error
        }
        return lock
    }

    private static func commandsEnd(
        _ layout: Layout, _ host: any Host, _ doing: String, _ waiting: () -> Void
    ) async throws {
        let watch = Stopwatch(host.clock)
        var isWaiting = false
        while true {
            do { return try host.files.lock(layout.commandsLock).release() } catch HostError.locked {
                if !isWaiting { waiting() }
                isWaiting = true
                guard watch.elapsed < patience else {
                    throw OperatorError(
                        doing: doing, because: "a command of an installation that was killed does not end",
                        next: "see who has \(layout.commandsLock) open, end it, and run the same command again",
                        exit: .retry)
                }
                try await host.clock.sleep(for: .milliseconds(100))
            }
        }
    }
}
