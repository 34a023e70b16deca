import CLinux
import Control
import Glibc

/// `events.jsonl`: one line an event, rotated once, so that it is bounded by twice its size.
final class EventRecord {
    static let maximumSize: Int64 = 4 << 20

    let path: String
    private var descriptor: Int32 = -1
    private var size: Int64 = 0
    private var followers: [Int: (SupervisorEvent) -> Void] = [:]
    private var nextFollower = 0
    /// Lines of this turn of the loop, written together at its end.
    private var pending: [UInt8] = []

    init(path: String) { self.path = path }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// An event that cannot be written is still told to those who listen; the record is no reason to stop.
    func add(_ event: SupervisorEvent) {
        event.write(to: &pending)
        pending.append(0x0A)
        for follower in followers.values { follower(event) }
    }

    func flush() {
        guard !pending.isEmpty else { return }
        defer { pending.removeAll(keepingCapacity: pending.capacity <= 16 << 10) }
        if size + Int64(pending.count) > Self.maximumSize, descriptor >= 0 {
            close(descriptor)
            descriptor = -1
            rename(path, path + ".1")
        }
        if descriptor < 0 {
            descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
            guard descriptor >= 0 else { return }
            size = Int64(lseek(descriptor, 0, SEEK_END))
        }
        let count = Glibc.write(descriptor, pending, pending.count)
        if count > 0 { size += Int64(count) }
    }

    /// The last events, oldest first.
    func last(_ count: Int) -> [SupervisorEvent] {
        guard count > 0 else { return [] }
        flush()
        var lines = LogTail.last(count, of: path)
        if lines.count < count { lines = LogTail.last(count - lines.count, of: path + ".1") + lines }
        return lines.compactMap { try? JSON(parsing: $0).decode(SupervisorEvent.self) }
    }

    func follow(_ receive: @escaping (SupervisorEvent) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = receive
        return nextFollower
    }

    func unfollow(_ token: Int) { followers[token] = nil }
}
