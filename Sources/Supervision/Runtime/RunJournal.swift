import CLinux
import CoreTypes
import Glibc

/// The runs that began since the last snapshot, a line each: a snapshot waits for its second, a line does not.
///
/// The marks in their environments find most children, but not one that writes over its environment.
final class RunJournal {
    private let path: String
    private let boot: String
    private var descriptor: Int32 = -1
    private var pending: [UInt8] = []
    private var isEmpty = false

    init(path: String, boot: String) {
        self.path = path
        self.boot = boot
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func add(_ main: Children.Main, startTime: UInt64) {
        pending.append(contentsOf: "\(boot) \(main.instance) \(main.pid) \(startTime) \(main.invocation)\n".utf8)
    }

    var hasPending: Bool { !pending.isEmpty }

    /// One write for all that began in a turn of the loop. What cannot be written is left to the marks.
    func flush() {
        guard hasPending, reopen() else { return }
        _ = write(descriptor, pending, pending.count)
        pending.removeAll(keepingCapacity: pending.capacity <= 16 << 10)
        isEmpty = false
    }

    /// A snapshot has everything.
    func clear() {
        pending = []
        guard !isEmpty, reopen() else { return }
        isEmpty = ftruncate(descriptor, 0) == 0
    }

    private func reopen() -> Bool {
        if descriptor < 0 { descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640) }
        return descriptor >= 0
    }

    /// The snapshot with what began after it; without a snapshot of this boot there is nothing to add to.
    func complete(_ snapshot: Snapshot) -> Snapshot {
        guard snapshot.boot == boot, let bytes = try? Files.read(path) else { return snapshot }
        var complete = snapshot
        for line in bytes.split(separator: 0x0A) {
            let words = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard words.count == 5, words[0] == boot, let pid = Int32(words[2]), let startTime = UInt64(words[3]) else {
                continue
            }
            complete.instances[words[1]]?.pid = pid
            complete.instances[words[1]]?.startTime = startTime
            complete.instances[words[1]]?.invocation = words[4]
        }
        return complete
    }
}
