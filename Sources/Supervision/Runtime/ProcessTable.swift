import CLinux
import CoreTypes
import Glibc

/// What `/proc` says of processes.
enum ProcessTable {
    struct Entry {
        let pid: Int32
        let isZombie: Bool
        let parent: Int32
        let group: Int32
        let session: Int32
        /// In clock ticks since boot. With the pid it names one process for ever.
        let startTime: UInt64
    }

    static func entry(_ pid: Int32) -> Entry? {
        guard let bytes = try? Files.read("/proc/\(pid)/stat"), let close = bytes.lastIndex(of: UInt8(ascii: ")"))
        else { return nil }
        // The name in parentheses may hold anything; the fields after it are plain (proc(5)).
        let fields = bytes[(close + 1)...].split(separator: UInt8(ascii: " "))
        guard fields.count > 19 else { return nil }
        func number(_ field: Int) -> Int32? { Int32(String(decoding: fields[field - 3], as: UTF8.self)) }
        guard let parent = number(4), let group = number(5), let session = number(6),
            let startTime = UInt64(String(decoding: fields[22 - 3], as: UTF8.self))
        else { return nil }
        return Entry(
            pid: pid, isZombie: fields[0].first == UInt8(ascii: "Z") || fields[0].first == UInt8(ascii: "X"),
            parent: parent, group: group, session: session, startTime: startTime)
    }

    static func all() -> [Entry] {
        Files.names(in: "/proc").compactMap { Int32($0) }.compactMap(entry)
    }

    /// The marks our children carry in their environment, and hand on to theirs.
    static func mark(of pid: Int32) -> ProcessMark? {
        guard let bytes = try? Files.read("/proc/\(pid)/environ") else { return nil }
        var values: [String: String] = [:]
        for entry in bytes.split(separator: 0) where entry.starts(with: "BEDPLATE_".utf8) {
            let parts = entry.split(separator: UInt8(ascii: "="), maxSplits: 1)
            guard parts.count == 2 else { continue }
            values[String(decoding: parts[0], as: UTF8.self)] = String(decoding: parts[1], as: UTF8.self)
        }
        guard let run = values[ProcessMark.runKey], let invocation = values[ProcessMark.invocationKey],
            let text = values[ProcessMark.instanceKey], let name = try? InstanceName(text)
        else { return nil }
        return ProcessMark(runDirectory: run, instance: name, invocation: invocation)
    }

    /// Sends a signal to exactly this process: never to one that got its number.
    static func signal(_ pid: Int32, startTime: UInt64, _ signal: Int32) -> Bool {
        let descriptor = linux_pidfd_open(pid)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard let entry = entry(pid), entry.startTime == startTime else { return false }
        return linux_pidfd_send_signal(descriptor, signal) == 0
    }

    static var bootID: String {
        let bytes = (try? Files.read("/proc/sys/kernel/random/boot_id")) ?? []
        return String(decoding: bytes.prefix { $0 != 0x0A }, as: UTF8.self)
    }
}

/// Tells which run of which instance of which supervisor a process descends from.
struct ProcessMark: Equatable {
    static let runKey = "BEDPLATE_RUN"
    static let instanceKey = "BEDPLATE_INSTANCE"
    static let invocationKey = "BEDPLATE_INVOCATION"

    let runDirectory: String
    let instance: InstanceName
    /// Unique to one run.
    let invocation: String

    /// The marks of exec probes are told apart from those of the run they ask about.
    static let probePrefix = "probe-"
    var isProbe: Bool { invocation.hasPrefix(Self.probePrefix) }

    static func makeInvocation() -> String {
        var random: UInt64 = 0
        linux_random(&random, MemoryLayout.size(ofValue: random))
        let digits = String(random, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
