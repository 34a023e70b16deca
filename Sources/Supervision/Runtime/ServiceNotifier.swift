import CLinux
import Glibc

/// Tells systemd how we are, when it asked for it (sd_notify(3)'s datagrams; libsystemd itself would cost the
/// supervisor more memory than all its logs).
final class ServiceNotifier {
    /// Half of the time systemd waits for a sign of life; `nil` when it does not.
    let watchdogInterval: Int64?
    /// What systemd told us, for the next image of the program.
    let environment: [String: String]
    private let address: [UInt8]?
    private let descriptor: Int32
    private var status = ""
    private var isStopping = false
    /// What systemd had no room for, by the name of the descriptor or the variable; none of it may be missed.
    private var waiting: [(name: String, message: String, descriptor: Int32)] = []

    init() {
        var environment: [String: String] = [:]
        for name in ["NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"] {
            environment[name] = getenv(name).map { String(cString: $0) }
            // Children are not to speak in our name.
            unsetenv(name)
        }
        self.environment = environment
        let path = environment["NOTIFY_SOCKET"].flatMap { path in
            path.hasPrefix("/") || path.hasPrefix("@") ? Array(path.utf8) : nil
        }
        address = path
        descriptor = path == nil ? -1 : socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let isForUs = environment["WATCHDOG_PID"].map { $0 == "\(getpid())" } ?? true
        let limit = environment["WATCHDOG_USEC"].flatMap { Int64($0) }
        watchdogInterval = isForUs ? limit.map { max($0 / 2000, 1) } : nil
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var isConnected: Bool { descriptor >= 0 }

    func ready() { post("READY=", "READY=1\nMAINPID=\(getpid())\n", -1) }

    func stopping() {
        isStopping = true
        post("STOPPING=", "STOPPING=1\n", -1)
        askForTime()
    }

    func alive() {
        send("WATCHDOG=1\n")
        if isStopping { askForTime() }
    }

    /// How long a stack may take to stop is for its stop plans to say, not for systemd: as long as we show signs of
    /// life, it waits. Four of them may be missed, because it does not ask again before it kills.
    private func askForTime() {
        guard let watchdogInterval else { return }
        send("EXTEND_TIMEOUT_USEC=\(watchdogInterval * 4000)\n")
    }

    /// systemd compares the time with the request it made (sd_notify(3)).
    func reloading() { send("RELOADING=1\nMONOTONIC_USEC=\(SystemClock.microseconds)\n") }

    /// Has systemd keep a descriptor for the next supervisor, should this one die. It is not polled: the end of a
    /// writer is no reason to throw away what it wrote. `replaces`: what had the name before is let go, or the next
    /// supervisor would be given both.
    func keep(_ descriptor: Int32, as name: String, replaces: Bool = false) {
        if replaces { release(name) }
        post(name, "FDSTORE=1\nFDPOLL=0\nFDNAME=\(name)\n", descriptor)
    }

    func release(_ name: String) { post(name, "FDSTOREREMOVE=1\nFDNAME=\(name)\n", -1) }

    private func post(_ name: String, _ message: String, _ descriptor: Int32) {
        guard isConnected else { return }
        // What waits of the name is out of date, except that what is kept comes after what was released.
        waiting.removeAll { $0.name == name && ($0.descriptor >= 0 || descriptor < 0) }
        if !waiting.isEmpty || !send(message, with: descriptor) { waiting.append((name, message, descriptor)) }
    }

    /// Whether something waits for room at systemd's end; `postWaiting` is to be called again soon.
    var hasWaiting: Bool { !waiting.isEmpty }

    func postWaiting() {
        while let next = waiting.first, send(next.message, with: next.descriptor) { waiting.removeFirst() }
    }

    func setStatus(_ text: String) {
        guard text != status else { return }
        status = text
        post("STATUS=", "STATUS=\(text)\n", -1)
    }

    /// Whether there was room for it.
    @discardableResult
    private func send(_ message: String, with passed: Int32 = -1) -> Bool {
        guard descriptor >= 0, let address else { return true }
        let bytes = Array(message.utf8)
        let result = linux_send_notice(descriptor, address, address.count, bytes, bytes.count, passed)
        return result == 0 || errno != EAGAIN
    }
}
