import CLinux
import Control
import Glibc

/// `events.jsonl`: one line an event, rotated once, so that it is bounded by twice its size.
final class EventRecord {
    static let maximumSize: Int64 = 4 << 20
    /// What waits in memory while the disk takes nothing; older events give way and are counted.
    static let maximumPending = 64 << 10
    static let tryAgainAfter: Int64 = 1000

    let path: String
    /// Events that reached those who follow, but not the disk.
    private(set) var lost: UInt64 = 0
    /// How many there were of each kind since the supervisor's program began.
    private(set) var counts: [SupervisorEvent.Kind: UInt64] = [:]
    private let maximumSize: Int64
    private var descriptor: Int32 = -1
    private var size: Int64 = 0
    private var endsInsideLine = false
    private var blockedUntil: Moment?
    private var followers: [Int: (SupervisorEvent) -> Void] = [:]
    private var nextFollower = 0
    /// Lines of this turn of the loop, written together at its end, and those that could not be written yet.
    private var pending: [UInt8] = []

    init(path: String, maximumSize: Int64 = EventRecord.maximumSize) {
        self.path = path
        self.maximumSize = maximumSize
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// An event that cannot be written is still told to those who listen; the record is no reason to stop.
    func add(_ event: SupervisorEvent) {
        counts[event.kind, default: 0] += 1
        event.write(to: &pending)
        pending.append(0x0A)
        for follower in followers.values { follower(event) }
    }

    /// Writes what waits. After a failure it is tried again a second later, by whoever comes then.
    func flush(at now: Moment = SystemClock.now) {
        guard !pending.isEmpty else { return }
        if let until = blockedUntil, now < until { return bound() }
        rotateIfFull()
        if write() {
            blockedUntil = nil
        } else {
            blockedUntil = Moment(milliseconds: now.milliseconds + Self.tryAgainAfter)
            bound()
        }
    }

    private func write() -> Bool {
        guard descriptor >= 0 || reopen() else { return false }
        // An earlier write, or an earlier supervisor, was cut off inside a line: that line is no event, the next is.
        if endsInsideLine { pending.insert(0x0A, at: 0) }
        let count = Glibc.write(descriptor, pending, pending.count)
        guard count > 0 else {
            if endsInsideLine { pending.removeFirst() }
            return false
        }
        size += Int64(count)
        endsInsideLine = pending[count - 1] != 0x0A
        if count < pending.count {
            // What was cut off is written again whole.
            let start = pending[..<count].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            pending.removeSubrange(..<start)
            return false
        }
        pending.removeAll(keepingCapacity: pending.capacity <= 16 << 10)
        return true
    }

    private func reopen() -> Bool {
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { return false }
        size = Int64(lseek(descriptor, 0, SEEK_END))
        var last: UInt8 = 0x0A
        endsInsideLine = size > 0 && pread(descriptor, &last, 1, off_t(size - 1)) == 1 && last != 0x0A
        return true
    }

    private func rotateIfFull() {
        guard descriptor >= 0 || reopen(), size > 0, size + Int64(pending.count) > maximumSize else { return }
        close(descriptor)
        descriptor = -1
        endsInsideLine = false
        rename(path, path + ".1")
    }

    private func bound() {
        while pending.count > Self.maximumPending, let end = pending.firstIndex(of: 0x0A) {
            pending.removeSubrange(...end)
            lost += 1
        }
    }

    /// The last events, oldest first.
    func last(_ count: Int, at now: Moment = SystemClock.now) -> [SupervisorEvent] {
        guard count > 0 else { return [] }
        flush(at: now)
        // What the disk has no room for is as true as what is on it.
        var lines = pending.split(separator: 0x0A).suffix(count).map { String(decoding: $0, as: UTF8.self) }
        if lines.count < count { lines = LogTail.last(count - lines.count, of: path) + lines }
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
