import CLinux
import Glibc

/// What the processes of one session use now, from `/proc` (proc(5)).
struct ProcessUsage: Equatable {
    var processes = 0
    /// Of those that run, and of the children they have waited for.
    var cpuSeconds = 0.0
    /// Pages in memory; what processes share is counted for each.
    var residentBytes: UInt64 = 0

    private static let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
    private static let pageSize = UInt64(sysconf(Int32(_SC_PAGESIZE)))

    /// Of this process alone.
    static func ofSelf() -> ProcessUsage {
        var usage = ProcessUsage()
        if let fields = fields(of: "self") { usage.add(fields, cpu: 14...15) }
        return usage
    }

    /// One look at all processes of the host. Each instance leads a session.
    static func bySession(_ sessions: Set<Int32>) -> [Int32: ProcessUsage] {
        guard !sessions.isEmpty else { return [:] }
        var usages: [Int32: ProcessUsage] = [:]
        for name in Files.names(in: "/proc") where name.utf8.first.map({ $0 < 0x3A }) == true {
            guard let fields = fields(of: name) else { continue }
            let session = Int32(truncatingIfNeeded: fields[6 - 3])
            if sessions.contains(session) { usages[session, default: ProcessUsage()].add(fields, cpu: 14...17) }
        }
        return usages
    }

    /// `cpu`: utime and stime, then those of children it has waited for.
    private mutating func add(_ fields: [Int64], cpu: ClosedRange<Int>) {
        processes += 1
        cpuSeconds += Double(cpu.reduce(0) { $0 &+ fields[$1 - 3] }) / Self.ticks
        residentBytes += UInt64(clamping: fields[24 - 3]) * Self.pageSize
    }

    /// The fields from the third on; those that are no numbers are 0.
    private static func fields(of name: String) -> [Int64]? {
        guard let bytes = try? Files.read("/proc/\(name)/stat"), let end = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        var fields: [Int64] = []
        fields.reserveCapacity(24)
        for field in bytes[(end + 1)...].split(separator: UInt8(ascii: " "), maxSplits: 24) {
            fields.append(Int64(String(decoding: field, as: UTF8.self)) ?? 0)
        }
        return fields.count > 24 - 3 ? fields : nil
    }
}
