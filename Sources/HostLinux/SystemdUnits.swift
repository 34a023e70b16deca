import CSystemd
package import Host
import SystemPackage

/// Units of systemd, over sd-bus; never by reading what systemctl prints.
package struct SystemdUnits: UnitManager {
    package init() {}

    package var isRunning: Bool { sd_booted() > 0 }

    package func states(_ units: [String]) throws -> [String: UnitState] {
        guard !units.isEmpty else { return [:] }
        let bus = try SystemBus()
        return try bus.call("ListUnitsByNames") { message in
            _ = try withNames(units) { try check("append", sd_bus_message_append_strv(message, $0)) }
        } reading: { reply in
            var states: [String: UnitState] = [:]
            try check("read", sd_bus_message_enter_container(reply, CChar("a"), "(ssssssouso)"))
            while try check("read", sd_bus_message_enter_container(reply, CChar("r"), "ssssssouso")) > 0 {
                let name = try readString(reply)
                _ = try readString(reply)  // the description
                states[name] = UnitState(load: try readString(reply), active: try readString(reply))
                try check("read", sd_bus_message_skip(reply, "ssouso"))
                try check("read", sd_bus_message_exit_container(reply))
            }
            return states
        }
    }

    package func reload(_ unit: String) async throws {
        let bus = try SystemBus()
        try bus.call("Subscribe") { _ in
        } reading: { _ in
        }
        let job = try bus.call("ReloadUnit") { message in
            try appendString(unit, to: message)
            try appendString("replace", to: message)
        } reading: { reply in
            try readPath(reply)
        }
        let result = try bus.awaitJob(job, within: .seconds(30))
        guard result == "done" else {
            throw HostError.serviceManager(call: "the reload of \(unit), which ended as '\(result)'", errno: .ioError)
        }
    }
}

/// A connection to the manager; closed when it goes.
private final class SystemBus {
    private static let manager = (
        name: "org.freedesktop.systemd1", path: "/org/freedesktop/systemd1",
        interface: "org.freedesktop.systemd1.Manager"
    )
    private var bus: OpaquePointer?

    init() throws { try check("a connection", sd_bus_open_system(&bus)) }

    deinit { sd_bus_flush_close_unref(bus) }

    func call<Result>(
        _ member: String, _ fill: (OpaquePointer?) throws -> Void, reading: (OpaquePointer?) throws -> Result
    ) throws -> Result {
        var message: OpaquePointer?
        try check(
            member,
            sd_bus_message_new_method_call(
                bus, &message, Self.manager.name, Self.manager.path, Self.manager.interface, member))
        defer { sd_bus_message_unref(message) }
        try fill(message)
        var reply: OpaquePointer?
        try check(member, sd_bus_call(bus, message, 30_000_000, nil, &reply))
        defer { sd_bus_message_unref(reply) }
        return try reading(reply)
    }

    /// Reads signals until the manager says that the job has ended, and how: `done`, `failed`, `timeout`.
    func awaitJob(_ job: String, within limit: Duration) throws -> String {
        let stopwatch = Stopwatch(ContinuousClock())
        while stopwatch.elapsed < limit {
            var message: OpaquePointer?
            let count = try check("the end of a job", sd_bus_process(bus, &message))
            defer { sd_bus_message_unref(message) }
            if let message, sd_bus_message_is_signal(message, Self.manager.interface, "JobRemoved") > 0 {
                try check("read", sd_bus_message_skip(message, "u"))
                let path = try readPath(message)
                _ = try readString(message)  // the unit
                if path == job { return try readString(message) }
            }
            if count == 0 { try check("the end of a job", sd_bus_wait(bus, 250_000)) }
        }
        throw HostError.serviceManager(call: "the end of a job", errno: .timedOut)
    }
}

@discardableResult
private func check(_ call: String, _ result: Int32) throws -> Int32 {
    guard result >= 0 else { throw HostError.serviceManager(call: call, errno: Errno(rawValue: -result)) }
    return result
}

private func appendString(_ text: String, to message: OpaquePointer?) throws {
    _ = try text.withCString { try check("append", sd_bus_message_append_basic(message, CChar("s"), $0)) }
}

private func readString(_ message: OpaquePointer?) throws -> String { try readText(message, type: "s") }

private func readPath(_ message: OpaquePointer?) throws -> String { try readText(message, type: "o") }

private func readText(_ message: OpaquePointer?, type: Unicode.Scalar) throws -> String {
    var text: UnsafePointer<CChar>?
    try check("read", sd_bus_message_read_basic(message, CChar(type), &text))
    return text.map { String(cString: $0) } ?? ""
}

private func withNames<Result>(
    _ names: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) throws -> Result
) rethrows -> Result {
    var copies: [UnsafeMutablePointer<CChar>?] = names.map { name in
        let bytes = name.utf8CString
        let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        _ = UnsafeMutableBufferPointer(start: copy, count: bytes.count).initialize(fromContentsOf: bytes)
        return copy
    }
    copies.append(nil)
    defer { for copy in copies { copy?.deallocate() } }
    return try copies.withUnsafeMutableBufferPointer { try body($0.baseAddress!) }
}

extension CChar {
    fileprivate init(_ letter: Unicode.Scalar) { self = CChar(truncatingIfNeeded: letter.value) }
}
