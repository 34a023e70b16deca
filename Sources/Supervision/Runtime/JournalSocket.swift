import CLinux
import Glibc

/// The door to systemd's journal: one datagram an entry, in its native protocol
/// (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/).
///
///     var entry = JournalEntry("listening", priority: .informational)
///     entry.add("BEDPLATE_INSTANCE", "api@blue")
///     journal.send(entry)
///
/// It never waits: an entry for which the journal has no room is dropped and counted in `lost`. Each datagram finds the
/// socket by its path, so that a journal that was restarted is spoken to again.
final class JournalSocket {
    static let standardPath = "/run/systemd/journal/socket"
    /// What may wait at the journal's end before entries are dropped; sd_journal_send(3) asks for as much.
    private static let room: Int32 = 8 << 20

    /// Entries that never arrived since the supervisor's program began.
    private(set) var lost: UInt64 = 0
    private let path: [UInt8]
    private let descriptor: Int32

    /// `nil` when nothing is at the path: this host, or this container, has no journal.
    init?(path: String = standardPath) {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        self.path = Array(path.utf8)
        var room = Self.room
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Root may exceed the system's limit, others get what there is.
        if setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &room, size) != 0 {
            setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &room, size)
        }
    }

    deinit { close(descriptor) }

    /// Whether the journal took it.
    @discardableResult
    func send(_ entry: JournalEntry) -> Bool {
        let bytes = entry.bytes
        let isTaken = linux_send_notice(descriptor, path, path.count, bytes, bytes.count, -1) == 0
        if !isTaken { lost += 1 }
        return isTaken
    }
}

/// One entry of the journal: fields with values, of which `MESSAGE` and `PRIORITY` are there from the start.
struct JournalEntry {
    /// syslog(3)'s levels.
    enum Priority: Int {
        case error = 3
        case warning, notice, informational, debug
    }

    private(set) var bytes: [UInt8] = []

    init(_ message: String, priority: Priority) { self.init(Array(message.utf8), priority: priority) }

    /// `message` may hold any bytes, as a captured line does.
    init(_ message: some Collection<UInt8>, priority: Priority) {
        add("MESSAGE", bytes: message)
        add("PRIORITY", "\(priority.rawValue)")
    }

    /// `name`: capitals, digits and `_`, beginning with a capital, at most 64; a field that is `nil` is left out.
    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        add(name, bytes: value.utf8)
    }

    /// A value with a newline travels with its length before it.
    mutating func add(_ name: String, bytes value: some Collection<UInt8>) {
        bytes.append(contentsOf: name.utf8)
        if value.contains(0x0A) {
            bytes.append(0x0A)
            withUnsafeBytes(of: UInt64(value.count).littleEndian) { bytes.append(contentsOf: $0) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes.append(contentsOf: value)
        bytes.append(0x0A)
    }
}
