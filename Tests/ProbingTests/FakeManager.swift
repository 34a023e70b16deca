import CSystemd
import Foundation
import Glibc

/// A bus of its own with one peer that answers as systemd's manager does; ends when it is released.
final class FakeManager {
    /// How the bus can be reached.
    let address: String
    private let descriptor: Int32
    private let folder: ScratchFolder

    enum Manner {
        case answers
        /// Accepts and never answers.
        case mute
        /// Ends each connection at once.
        case closes
    }

    /// `states`: the load and active state of each unit; others are unknown.
    init(_ states: [String: (load: String, active: String)], manner: Manner = .answers) throws {
        folder = try ScratchFolder()
        let path = folder.url.appending(path: "bus").path()
        let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        descriptor = listener
        address = "unix:path=\(path)"
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &name.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        let listens = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 && listen(listener, 8) == 0
            }
        }
        guard listens else { throw Loopback.Failed(call: "listen", errno: errno) }
        if case .mute = manner { return }
        let answers = if case .answers = manner { true } else { false }
        // A number of its own: ours may be another socket's by the time the thread comes back to it.
        let own = fcntl(listener, F_DUPFD_CLOEXEC, 0)
        Thread.detachNewThread {
            defer { close(own) }
            while true {
                let client = accept(own, nil, nil)
                guard client >= 0 else { return }
                if answers { Self.serve(client, states) } else { close(client) }
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }

    private static func serve(_ client: Int32, _ states: [String: (load: String, active: String)]) {
        var bus: OpaquePointer?
        sd_bus_new(&bus)
        defer { sd_bus_close_unref(bus) }
        var identity = sd_id128_t()
        sd_id128_randomize(&identity)
        guard sd_bus_set_fd(bus, client, client) >= 0, sd_bus_set_server(bus, 1, identity) >= 0,
            sd_bus_set_anonymous(bus, 1) >= 0, sd_bus_start(bus) >= 0
        else { return }
        while true {
            var message: OpaquePointer?
            let result = sd_bus_process(bus, &message)
            if result < 0 { return }
            if let message { answer(message, on: bus, states) }
            if result == 0, sd_bus_wait(bus, UInt64.max) < 0 { return }
        }
    }

    private static func answer(
        _ message: OpaquePointer, on bus: OpaquePointer?, _ states: [String: (load: String, active: String)]
    ) {
        defer { sd_bus_message_unref(message) }
        var reply: OpaquePointer?
        sd_bus_message_new_method_return(message, &reply)
        defer { sd_bus_message_unref(reply) }
        func append(_ type: Unicode.Scalar, _ text: String) {
            sd_bus_message_append_basic(reply, CChar(truncatingIfNeeded: type.value), text)
        }
        if sd_bus_message_is_method_call(message, "org.freedesktop.DBus", "Hello") > 0 {
            append("s", ":1.1")
        } else {
            var unit: UnsafePointer<CChar>?
            sd_bus_message_enter_container(message, CChar(truncatingIfNeeded: Unicode.Scalar("a").value), "s")
            sd_bus_message_read_basic(message, CChar(truncatingIfNeeded: Unicode.Scalar("s").value), &unit)
            let name = unit.map { String(cString: $0) } ?? ""
            let state = states[name] ?? (load: "not-found", active: "inactive")
            sd_bus_message_open_container(
                reply, CChar(truncatingIfNeeded: Unicode.Scalar("a").value), "(ssssssouso)")
            sd_bus_message_open_container(reply, CChar(truncatingIfNeeded: Unicode.Scalar("r").value), "ssssssouso")
            for text in [name, "A unit", state.load, state.active, "sub", ""] { append("s", text) }
            append("o", "/unit")
            var job: UInt32 = 0
            sd_bus_message_append_basic(reply, CChar(truncatingIfNeeded: Unicode.Scalar("u").value), &job)
            append("s", "")
            append("o", "/")
            sd_bus_message_close_container(reply)
            sd_bus_message_close_container(reply)
        }
        sd_bus_send(bus, reply, nil)
    }
}
