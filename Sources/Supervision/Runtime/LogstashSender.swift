import CLinux
import Control
import CoreTypes
import Glibc

/// Lines of all instances to one Logstash: JSON lines over TCP (its `tcp` input with the `json_lines` codec), through a
/// spool on disk, in order, each at least once.
///
/// TCP confirms what reached the other machine, and that is where a reconnect or another supervisor goes on. What the
/// other end had in its hands when it broke off (a reset says so) is sent once more, so lines may come twice. The
/// loop never waits for it, and nothing wakes for it while nothing waits.
final class LogstashSender {
    enum Change {
        case away(reason: String)
        case back
        /// Lines that wait are lost from now on.
        case dropping(reason: String)
        case dropped(lines: Int)
    }

    static let firstRetry = TimeSpan.milliseconds(200)
    static let longestRetry = TimeSpan.seconds(30)
    /// A connection that ends earlier is no reason to be quicker the next time.
    private static let stableAfter = TimeSpan.seconds(10)
    /// An end that takes nothing for so long is connected anew.
    private static let patience: Int32 = 120
    /// More than a Linux receive buffer holds (tcp_rmem(7)): what a reset may have thrown away at the other end.
    private static let doubt: Int64 = 8 << 20
    /// What one turn of the loop sends.
    private static let batch = 256 << 10
    private static let capacity = 512 << 10

    private enum Link {
        case none
        case connecting(Int32)
        case connected(Int32, since: Moment)
    }

    private let directory: String
    private let loop: EventLoop
    private let report: (Change) -> Void
    private var settings: Logging.Logstash?
    private var spool: LogSpool?
    /// Lines that are not in the spool yet, within one step of one log.
    private var buffer: UnsafeMutableRawBufferPointer?
    private var filled = 0
    private var filledLines = 0

    private var link = Link.none
    private var isSending = false
    private var retryAt: Moment?
    private var retryAfter = LogstashSender.firstRetry
    private var isAway = false
    /// Offsets into the spool: what is sent next, what the other end has confirmed, where this connection began.
    private var next: Int64 = 0
    private var confirmed: Int64 = 0
    private var began: Int64 = 0
    /// The rest of a line that began on this connection, and left the spool before it was sent whole.
    private var rest: [UInt8] = []
    private var isDropping = false
    private var dropped = 0
    /// A spool that could not be written is tried again then.
    private var blockedUntil: Moment?

    init(directory: String, loop: EventLoop, report: @escaping (Change) -> Void) {
        self.directory = directory
        self.loop = loop
        self.report = report
    }

    deinit { buffer?.deallocate() }

    var isOn: Bool { settings != nil }

    func configure(_ settings: Logging.Logstash?) {
        guard settings != self.settings else { return }
        let old = self.settings
        self.settings = settings
        if old?.address != settings?.address {
            disconnect(backTo: confirmed)
            retryAt = nil
            retryAfter = Self.firstRetry
        }
        guard let settings else {
            spool = nil
            return
        }
        spool?.resize(to: settings.spool.bytes)
        if spool == nil { openSpool(settings) }
        if hasWaiting { connect() }
    }

    private func openSpool(_ settings: Logging.Logstash) {
        do throws(SystemError) {
            let opened = try LogSpool(directory: directory, limit: settings.spool.bytes)
            spool = opened
            next = opened.lineStart(at: opened.savedPosition)
            confirmed = next
            began = next
            blockedUntil = nil
        } catch { blocked(error) }
    }

    private func blocked(_ error: SystemError) {
        blockedUntil = SystemClock.now + LogFile.tryAgainAfter
        drop(0, because: "\(error)")
    }

    // MARK: Lines

    func add(_ line: UnsafeRawBufferPointer, time: [UInt8], origin: LineOrigin, continues: Bool) {
        if filled + JSONLine.room(for: line.count, origin) > Self.capacity { commit() }
        let target: UnsafeMutableRawBufferPointer
        if let buffer {
            target = buffer
        } else {
            // Room for one line of the longest kind is always there once it is empty.
            target = .allocate(byteCount: Self.capacity, alignment: 16)
            buffer = target
        }
        filled += JSONLine.write(
            line, head: JSONLine.logstashHead, time: time, origin: origin, continues: continues,
            to: target.baseAddress! + filled)
        filledLines += 1
    }

    /// Puts what was added into the spool.
    func commit() {
        guard filled > 0, let buffer, let settings else { return }
        let lines = filledLines
        let bytes = UnsafeRawBufferPointer(rebasing: buffer[..<filled])
        filled = 0
        filledLines = 0
        if let until = blockedUntil {
            guard until <= SystemClock.now else { return drop(lines, because: "") }
            blockedUntil = nil
            if spool == nil { openSpool(settings) }
        }
        guard let spool else { return drop(lines, because: "") }
        do throws(SystemError) {
            let lost = try spool.append(bytes, unread: next)
            if lost.lines > 0 { drop(lost.lines, because: "its spool of \(settings.spool) is full") }
            if case .connected = link { rest += lost.rest }
            if next < spool.first { next = spool.first }
            if confirmed < spool.first { confirmed = spool.first }
        } catch {
            blocked(error)
            drop(lines, because: "")
        }
        stir()
    }

    private func drop(_ lines: Int, because reason: String) {
        dropped += lines
        guard !isDropping else { return }
        isDropping = true
        report(.dropping(reason: reason))
    }

    private var hasWaiting: Bool { spool.map { next < $0.end } ?? false }

    /// There is something new to send.
    private func stir() {
        switch link {
        case .none: connectIfDue()
        case .connecting: break
        case .connected(let descriptor, _):
            guard !isSending else { return }
            isSending = true
            loop.change(descriptor, to: EventLoop.readable | EventLoop.writable)
        }
    }

    private func connectIfDue() {
        guard hasWaiting, retryAt.map({ $0 <= SystemClock.now }) ?? true else { return }
        connect()
    }

    // MARK: The connection

    private func connect() {
        guard case .none = link, let settings else { return }
        retryAt = nil
        guard let address = HostAddress(settings.address) else {
            return failed("'\(settings.address.host)' is no address and not in /etc/hosts, and DNS is not asked")
        }
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
        let descriptor = socket(address.family, kind, 0)
        guard descriptor >= 0 else { return failed("\(SystemError("making a socket"))") }
        linux_tcp_patience(descriptor, Self.patience)
        guard address.connect(descriptor) == 0 || errno == EINPROGRESS else {
            let reason = SystemError("connecting to \(settings.address)")
            close(descriptor)
            return failed("\(reason)")
        }
        do throws(SystemError) {
            try loop.watch(descriptor, for: EventLoop.writable, isBulk: true) { [unowned self] events in ready(events) }
            link = .connecting(descriptor)
        } catch {
            close(descriptor)
            failed("\(error)")
        }
    }

    private func failed(_ reason: String) {
        if !isAway { report(.away(reason: reason)) }
        isAway = true
        retryAt = SystemClock.now + retryAfter
        retryAfter = min(.milliseconds(2 * retryAfter.milliseconds), Self.longestRetry)
    }

    private func ready(_ events: UInt32) {
        switch link {
        case .none: break
        case .connecting(let descriptor):
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size)
            guard error == 0 else {
                disconnect(backTo: next)
                return failed("\(SystemError("connecting to \(settings?.address.description ?? "")", error))")
            }
            link = .connected(descriptor, since: SystemClock.now)
            began = next
            isSending = true
            loop.change(descriptor, to: EventLoop.readable | EventLoop.writable)
            if isAway { report(.back) }
            isAway = false
        case .connected(let descriptor, _):
            if events & ~EventLoop.writable != 0, !listen(descriptor) { return }
            if events & EventLoop.writable != 0 { send(to: descriptor) }
        }
    }

    /// It has nothing to say; it is read to see it leave. Whether it is still there.
    private func listen(_ descriptor: Int32) -> Bool {
        var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        let count = recv(descriptor, &bytes, MemoryLayout.size(ofValue: bytes), 0)
        if count > 0 || (count < 0 && (errno == EAGAIN || errno == EINTR)) { return true }
        // An orderly end comes after the other end has read all that it had.
        if count == 0 { confirm(descriptor) }
        lost(count == 0 ? "it closed the connection" : "\(SystemError("reading"))", isOrderly: count == 0)
        return false
    }

    private func send(to descriptor: Int32) {
        guard let spool else { return }
        guard sendRest(to: descriptor) else { return }
        var budget = Self.batch
        while budget > 0, next < spool.end {
            guard let source = spool.source(at: next) else {
                // Somebody took the file away.
                drop(0, because: "a part of its spool cannot be read")
                next = spool.nextSegment(after: next)
                continue
            }
            let count = linux_send_file(descriptor, source.descriptor, source.start, min(source.count, budget))
            if count < 0 {
                if errno == EINTR { continue }
                if errno == EAGAIN { break }
                return lost("\(SystemError("sending"))", isOrderly: false)
            }
            if count == 0 {
                // Shorter than it was.
                next = spool.nextSegment(after: next)
                continue
            }
            next += Int64(count)
            budget -= count
        }
        confirm(descriptor)
        guard next >= spool.end else { return }
        isSending = false
        loop.change(descriptor, to: EventLoop.readable)
        guard isDropping, blockedUntil == nil else { return }
        isDropping = false
        report(.dropped(lines: dropped))
        dropped = 0
    }

    /// Whether nothing is left of a line that is no longer in the spool.
    private func sendRest(to descriptor: Int32) -> Bool {
        while !rest.isEmpty {
            let count = Glibc.send(descriptor, rest, rest.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL))
            if count < 0 {
                if errno == EINTR { continue }
                if errno != EAGAIN { lost("\(SystemError("sending"))", isOrderly: false) }
                return false
            }
            rest.removeFirst(count)
        }
        return true
    }

    /// Learns what the other end's kernel has acknowledged.
    private func confirm(_ descriptor: Int32) {
        var waiting: Int32 = 0
        guard let spool, ioctl(descriptor, UInt(TIOCOUTQ), &waiting) == 0 else { return }
        let reached = max(confirmed, next - Int64(waiting))
        guard reached > confirmed else { return }
        confirmed = reached
        spool.save(position: confirmed)
        spool.discard(before: max(began, confirmed - Self.doubt))
    }

    private func lost(_ reason: String, isOrderly: Bool) {
        var isStable = false
        if case .connected(_, let since) = link { isStable = SystemClock.now - since >= Self.stableAfter }
        disconnect(backTo: isOrderly ? confirmed : max(began, confirmed - Self.doubt))
        if isStable { retryAfter = Self.firstRetry }
        // Nothing waits: it is sought when a line comes.
        guard hasWaiting else {
            retryAt = isStable ? nil : SystemClock.now + retryAfter
            return
        }
        failed(reason)
    }

    private func disconnect(backTo offset: Int64) {
        switch link {
        case .none: return
        case .connecting(let descriptor), .connected(let descriptor, _):
            loop.unwatch(descriptor)
            close(descriptor)
        }
        link = .none
        isSending = false
        // The beginning of that line went out, but nobody has all of it any more.
        if !rest.isEmpty { drop(1, because: "the connection ended in the middle of one") }
        rest = []
        guard let spool else { return }
        next = spool.lineStart(at: offset)
        confirmed = min(confirmed, next)
        began = next
    }

    // MARK: Time

    var nextWake: Moment? { hasWaiting ? retryAt : nil }

    func wake(at now: Moment) { connect() }

    func close() {
        commit()
        if case .connected(let descriptor, _) = link { send(to: descriptor) }
        disconnect(backTo: next)
    }

    private func close(_ descriptor: Int32) { Glibc.close(descriptor) }
}
