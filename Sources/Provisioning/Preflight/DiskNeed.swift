import Host
import SystemPackage

/// What a first installation takes of one file system.
struct DiskNeed {
    var space: Space
    /// What of it is there.
    var paths: [FilePath]
    /// In bytes.
    var bytes: Int64

    var words: String { paths.map(\.string).joined(separator: ", ") }

    /// By file system, as on one of them the needs add up.
    static func all(on host: any Host) throws -> [DiskNeed] {
        let parts: [(path: FilePath, bytes: Int64)] = [
            ("/usr", 2 << 30), ("/var/cache/apt", 1 << 30), ("/var/lib", 2 << 30), ("/tmp", 64 << 20),
        ]
        var needs: [DiskNeed] = []
        for part in parts {
            let space = try host.system.space(at: part.path)
            if let index = needs.firstIndex(where: { $0.space.device == space.device }) {
                needs[index].paths.append(part.path)
                needs[index].bytes += part.bytes
            } else {
                needs.append(DiskNeed(space: space, paths: [part.path], bytes: part.bytes))
            }
        }
        return needs
    }
}

extension Space {
    /// What is left: `12 MiB`, `12 MiB and no inode`.
    var room: String { "\(available >> 20) MiB" + (takesFiles ? "" : " and no inode") }
}
