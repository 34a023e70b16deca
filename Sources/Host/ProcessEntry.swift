package import SystemPackage

/// What `/proc/PID/stat` says of one process; proc(5) has its fields.
package struct ProcessEntry: Sendable {
    /// The first 15 bytes of its program's file name, or what a thread of it calls itself.
    package let name: String
    package let parent: Int32
    /// In clock ticks since boot. With the pid it names one process for ever.
    package let startTime: UInt64
    /// Ended, and nobody has asked how.
    package let isZombie: Bool

    /// `nil` when there is no such process.
    package init?(_ pid: Int32, in files: any FileSystem) throws {
        guard let bytes = try files.readOfProcess(pid, "stat", limit: 64 << 10) else { return nil }
        // The name in parentheses may hold anything; the fields after it are plain.
        guard let open = bytes.firstIndex(of: UInt8(ascii: "(")), let close = bytes.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let fields = String(decoding: bytes[(close + 1)...], as: UTF8.self).split(separator: " ")
        guard fields.count > 19, let parent = Int32(fields[1]), let startTime = UInt64(fields[19]) else { return nil }
        name = String(decoding: bytes[(open + 1)..<close], as: UTF8.self)
        self.parent = parent
        self.startTime = startTime
        isZombie = fields[0] == "Z"
    }
}

extension FileSystem {
    /// A file of `/proc/PID`; `nil` when there is no such process, also when it ended between the open and the read.
    package func readOfProcess(
        _ pid: Int32, _ name: String, limit: Int, below proc: FilePath = "/proc"
    ) throws -> [UInt8]? {
        do {
            return try readIfPresent(proc.appending("\(pid)/\(name)"), limit: limit)
        } catch HostError.failed(_, _, .noSuchProcess) {
            return nil
        }
    }
}
