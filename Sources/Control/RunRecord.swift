package import CoreTypes

/// A run that began after the last snapshot, or that has said since that it is ready: one line of `<run>/runs`.
///
/// The snapshot in `state.json` is written at most once a second; who wants to know what runs reads these lines over it.
package struct RunRecord: Equatable, Sendable {
    package static let fileName = "runs"

    /// The kernel's boot id: pids and start times mean nothing on another boot.
    package let boot: String
    package let instance: InstanceName
    package let pid: Int32
    /// In clock ticks since boot. With the pid it names one process.
    package let startTime: UInt64
    /// Unique to one run.
    package let invocation: String
    /// It has said `READY=1`, which it says only once; a sixth word tells, and an older supervisor skips the line.
    package let isReady: Bool
    private static let readyWord = "ready"

    package init(
        boot: String, instance: InstanceName, pid: Int32, startTime: UInt64, invocation: String, isReady: Bool = false
    ) {
        self.boot = boot
        self.instance = instance
        self.pid = pid
        self.startTime = startTime
        self.invocation = invocation
        self.isReady = isReady
    }

    /// `nil` when the line was cut off or is not ours.
    init?(line: some Sequence<UInt8>) {
        let words = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard words.count == 5 || (words.count == 6 && words[5] == Self.readyWord),
            let instance = try? InstanceName(words[1]), let pid = Int32(words[2]), pid > 0,
            let startTime = UInt64(words[3])
        else { return nil }
        self.init(
            boot: words[0], instance: instance, pid: pid, startTime: startTime, invocation: words[4],
            isReady: words.count == 6)
    }

    /// With its newline.
    package var line: String {
        "\(boot) \(instance) \(pid) \(startTime) \(invocation)" + (isReady ? " \(Self.readyWord)\n" : "\n")
    }

    /// Every complete line of the file, oldest first; a last line without a newline was cut off.
    package static func all(in bytes: [UInt8]) -> [RunRecord] {
        guard let end = bytes.lastIndex(of: 0x0A) else { return [] }
        return bytes[..<end].split(separator: 0x0A).compactMap(RunRecord.init(line:))
    }
}
