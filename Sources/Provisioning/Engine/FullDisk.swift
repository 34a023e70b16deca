import CoreTypes
package import Host
import SystemPackage

/// A file system that was full when something was to be written.
package enum FullDisk {
    /// The same failure as a sentence that names the file system, when it is that one is full; else the error as it is.
    /// `doing` completes "cannot …".
    package static func explained(
        _ error: any Error, doing: String, layout: Layout, on host: any Host
    ) -> any Error {
        guard let full = origin(of: error), let need = try? fullest(full, layout, host) else { return error }
        let mount = need.space.mount
        let needed = need.bytes > 0 ? ", where a whole installation takes \(need.bytes >> 20) MiB" : ""
        return OperatorError(
            doing: doing, because: "the file system at \(mount) is full: \(need.space.room) free\(needed)",
            next: "make room on \(mount) and run the same command again, which goes on from there",
            cause: Explained(error: full))
    }

    /// What has its sentence already.
    private struct Explained: Error { let error: HostError }

    private static func origin(of error: any Error) -> HostError? {
        switch error {
        case let error as HostError: error.saysFull ? error : nil
        case let error as OperatorError: error.cause.flatMap(origin)
        default: nil
        }
    }

    /// The one that the error is about; where it names none, that of an installation's which has the least room.
    private static func fullest(_ error: HostError, _ layout: Layout, _ host: any Host) throws -> DiskNeed? {
        let needs = layout.root == "/" ? try DiskNeed.all(on: host) : []
        if case .failed(_, let path, _) = error {
            let space = try host.system.space(at: path.removingLastComponent())
            let bytes = needs.first { $0.space.device == space.device }?.bytes
            return DiskNeed(space: space, paths: [path], bytes: bytes ?? 0)
        }
        if needs.isEmpty {
            return DiskNeed(space: try host.system.space(at: layout.state), paths: [layout.state], bytes: 0)
        }
        return needs.min { $0.space.available < $1.space.available }
    }
}
