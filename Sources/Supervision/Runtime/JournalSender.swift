import CLinux
import Control
import CoreTypes
import Glibc

/// Lines to systemd's journal, in its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram an entry.
///
/// It never waits: what the socket does not take at once is kept in memory up to a limit, and beyond that dropped and
/// counted. The files have every line.
final class JournalSender {
    enum Change {
        case stopped(reason: String)
        case resumed(lost: Int)
    }

    static let maximumWaiting = 1 << 20
    /// A dropping journal that caught up is told after so long without another drop, so that one that is always a
    /// little too slow does not fill the record of events.
    static let calmAfter = TimeSpan.seconds(10)
    static let longestRetry = TimeSpan.seconds(30)
    /// Entries that one turn of the loop sends of what waits.
    private static let batch = 256

    /// Absolute. A changed one is taken up with the next connection.
    var path: String {
        didSet { if path != oldValue { disconnect() } }
    }
    private let loop: EventLoop
    private let report: (Change) -> Void
    private var descriptor: Int32 = -1
    private var isWatched = false
    private var waiting: [[UInt8]] = []
    private var sentOfWaiting = 0
    private var waitingBytes = 0
    private var entry: [UInt8] = []
    private var retryAt: Moment?
    private var retryAfter = TimeSpan.seconds(1)
    /// Since the journal took everything last.
    private var lost = 0
    private var lostLast: Moment?
    private var trouble = "it takes no more"

    init(path: String, loop: EventLoop, report: @escaping (Change) -> Void) {
        self.path = path
        self.loop = loop
        self.report = report
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    func send(_ line: UnsafeRawBufferPointer, origin: LineOrigin, continues: Bool) {
        let (priority, message) = Self.priority(of: line)
        entry.removeAll(keepingCapacity: entry.capacity <= 256 << 10)
        entry += origin.journal
        entry += "PRIORITY=\(priority)\n".utf8
        if continues { entry += "BEDPLATE_CONTINUES=1\n".utf8 }
        // The form with a length is safe for any bytes.
        entry += "MESSAGE\n".utf8
        withUnsafeBytes(of: UInt64(message.count).littleEndian) { entry.append(contentsOf: $0) }
        entry.append(contentsOf: message)
        entry.append(0x0A)
        if isEmpty, transmit(entry) { return }
        keep(entry)
    }

    private var isEmpty: Bool { sentOfWaiting == waiting.count }

    /// `<3>` at the beginning of a line is its priority (sd-daemon(3)); else it is informational.
    private static func priority(of line: UnsafeRawBufferPointer) -> (Character, UnsafeRawBufferPointer) {
        guard line.count >= 3, line[0] == UInt8(ascii: "<"), line[2] == UInt8(ascii: ">"),
            (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(line[1])
        else { return ("6", line) }
        return (Character(UnicodeScalar(line[1])), UnsafeRawBufferPointer(rebasing: line[3...]))
    }

    private func keep(_ entry: [UInt8]) {
        guard waitingBytes + entry.count <= Self.maximumWaiting else { return drop() }
        waiting.append(entry)
        waitingBytes += entry.count
    }

    private func drop() {
        if lostLast == nil { report(.stopped(reason: trouble)) }
        lostLast = SystemClock.now
        lost += 1
    }

    /// Whether nothing more is to be done about this entry.
    private func transmit(_ entry: [UInt8]) -> Bool {
        guard connect() else { return false }
        while Glibc.send(descriptor, entry, entry.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)) < 0 {
            switch errno {
            case EINTR: continue
            case EAGAIN, ENOBUFS, ENOMEM:
                trouble = "it takes lines slower than they come"
                watch()
                return false
            case EMSGSIZE:
                trouble = "an entry of \(entry.count) bytes is too large for it"
                drop()
                return true
            default:
                away(SystemError("writing to '\(path)'"))
                return false
            }
        }
        return true
    }

    private func connect() -> Bool {
        if descriptor >= 0 { return true }
        let now = SystemClock.now
        if let retryAt, now < retryAt { return false }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else {
            away(SystemError("making a socket"))
            return false
        }
        let error = ControlSocketPath.withAddress(path) { address, size in
            Glibc.connect(descriptor, address, size) == 0 ? 0 : errno
        }
        guard error == 0 else {
            away(SystemError("connecting to '\(path)'", error))
            return false
        }
        retryAt = nil
        retryAfter = .seconds(1)
        return true
    }

    private func away(_ error: SystemError) {
        disconnect()
        trouble = "\(error)"
        retryAt = SystemClock.now + retryAfter
        retryAfter = min(.milliseconds(2 * retryAfter.milliseconds), Self.longestRetry)
    }

    private func disconnect() {
        guard descriptor >= 0 else { return }
        if isWatched { loop.unwatch(descriptor) }
        isWatched = false
        close(descriptor)
        descriptor = -1
    }

    private func watch() {
        guard !isWatched else { return }
        do throws(SystemError) {
            try loop.watch(descriptor, for: EventLoop.writable, isBulk: true) { [unowned self] _ in flush() }
            isWatched = true
        } catch { away(error) }
    }

    private func flush() {
        var budget = Self.batch
        while budget > 0, !isEmpty {
            guard transmit(waiting[sentOfWaiting]) else { return }
            waitingBytes -= waiting[sentOfWaiting].count
            waiting[sentOfWaiting] = []
            sentOfWaiting += 1
            budget -= 1
        }
        guard isEmpty else {
            if sentOfWaiting >= waiting.count / 2 {
                waiting.removeFirst(sentOfWaiting)
                sentOfWaiting = 0
            }
            return watch()
        }
        waiting = []
        sentOfWaiting = 0
        if isWatched { loop.unwatch(descriptor) }
        isWatched = false
    }

    // MARK: Time

    var nextWake: Moment? {
        if descriptor < 0, !isEmpty { return retryAt }
        if isEmpty, let lostLast { return lostLast + Self.calmAfter }
        return nil
    }

    func wake(at now: Moment) {
        if !isEmpty { flush() }
        guard isEmpty, let last = lostLast, last + Self.calmAfter <= now else { return }
        lostLast = nil
        report(.resumed(lost: lost))
        lost = 0
    }
}
