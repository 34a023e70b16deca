import Host
import SystemPackage

/// What `/proc` says of one process.
struct ProcessEntry {
    let parent: Int32
    /// In clock ticks since boot. With the pid it names one process for ever.
    let startTime: UInt64
    /// Ended, and nobody has asked how.
    let isZombie: Bool

    /// `nil` when there is no such process.
    init?(_ pid: Int32, on host: any Host) throws {
        let content: [UInt8]?
        do {
            content = try host.files.readIfPresent(FilePath("/proc/\(pid)/stat"), limit: 64 << 10)
        } catch HostError.failed(_, _, .noSuchProcess) {
            // It ended between the open and the read.
            return nil
        }
        guard let bytes = content else { return nil }
        // The name in parentheses may hold anything; the fields after it are plain (proc(5)).
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ")").last?.split(separator: " ") ?? []
        guard fields.count > 19, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]) else { return nil }
        self.parent = parent
        self.startTime = startTime
        isZombie = fields[0] == "Z"
    }
}
