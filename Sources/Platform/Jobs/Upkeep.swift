import FoundationEssentials
package import Logging
import SystemPackage

/// What is due now and then: scans whose job was never added, files nobody needs, results past their retention.
package struct Upkeep: Sendable {
    /// Between a scan's row and its job lies one call; after this long the API that made it is dead.
    private static let orphanAge: Duration = .seconds(60)
    /// An upload may take 15 minutes; older partial files belong to nobody.
    private static let leftoverAge: Duration = .seconds(3600)

    private let store: any ResultStore
    private let queue: any JobQueue
    private let data: DataFolder
    private let time: WallClock
    private let logger: Logger

    package init(store: any ResultStore, queue: any JobQueue, data: DataFolder, time: WallClock, logger: Logger) {
        self.store = store
        self.queue = queue
        self.data = data
        self.time = time
        self.logger = logger
    }

    /// Repeats itself each `interval` until the stop.
    package func run(until stop: StopSignal, every interval: Duration, clock: any Clock<Duration>) async {
        while !stop.isRequested {
            do { try await runOnce() } catch {
                logger.warning("Upkeep failed; next try later.", metadata: ["error": "\(error)"])
            }
            await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await clock.sleep(for: interval) }
                group.addTask { await stop.wait() }
                await group.next()
                group.cancelAll()
            }
        }
    }

    package func runOnce() async throws {
        for id in try await store.queuedScans(before: time.now() - Self.orphanAge, limit: 1000) {
            if try await queue.add(Job(scan: id), to: .scan) {
                logger.warning("A scan had no job; it has one now.", metadata: ["scan": "\(id)"])
            }
        }
        let expired = try await store.expire()
        if expired > 0 { logger.info("Old scans are removed.", metadata: ["count": "\(expired)"]) }
        for path in leftovers() {
            guard let id = ScanID(path.stem ?? ""), let scan = try await store.scan(id), scan.status.isOpen else {
                data.removeTree(path)
                continue
            }
        }
    }

    /// Old files in uploads and workspaces; those of open scans are among them.
    private func leftovers() -> [FilePath] {
        let oldest = Double((time.now() - Self.leftoverAge).seconds)
        return [data.uploads, data.workspaces].flatMap { folder in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.string)) ?? []
            return names.map { folder.appending($0) }.filter { path in
                let attributes = try? FileManager.default.attributesOfItem(atPath: path.string)
                guard let changed = attributes?[.modificationDate] as? Date else { return false }
                return changed.timeIntervalSince1970 < oldest
            }
        }
    }
}
