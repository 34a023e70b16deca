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
        var states = try bus.call("ListUnitsByNames") { message in
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
        let files = try bus.call("ListUnitFilesByPatterns") { message in
            _ = try withNames([]) { try check("append", sd_bus_message_append_strv(message, $0)) }
            _ = try withNames(units) { try check("append", sd_bus_message_append_strv(message, $0)) }
        } reading: { reply in
            var found: [String: String] = [:]
            try check("read", sd_bus_message_enter_container(reply, CChar("a"), "(ss)"))
            while try check("read", sd_bus_message_enter_container(reply, CChar("r"), "ss")) > 0 {
                let path = try readString(reply)
                found[FilePath(path).lastComponent?.string ?? path] = try readString(reply)
                try check("read", sd_bus_message_exit_container(reply))
            }
            return found
        }
        for (unit, enablement) in files { states[unit]?.enablement = enablement }
        return states
    }

    package func reload(_ unit: String) async throws { try renewed("ReloadUnit", unit, within: .seconds(60)) }

    package func start(_ unit: String) async throws { try renewed("StartUnit", unit, within: .seconds(300)) }

    /// Longer than the longest stop of a unit of ours.
    package func stop(_ unit: String) async throws { try renewed("StopUnit", unit, within: .seconds(400)) }

    package func restart(_ unit: String) async throws { try renewed("RestartUnit", unit, within: .seconds(400)) }

    package func enable(_ unit: String) async throws {
        let bus = try SystemBus()
        try bus.call("Reload") { _ in
        } reading: { _ in
        }
        try bus.call("EnableUnitFiles") { message in
            _ = try withNames([unit]) { try check("append", sd_bus_message_append_strv(message, $0)) }
            try appendBoolean(false, to: message)  // not for this boot only
            try appendBoolean(true, to: message)  // replaces links that lead elsewhere
        } reading: { _ in
        }
        try bus.call("Reload") { _ in
        } reading: { _ in
        }
    }

    package func disable(_ unit: String) async throws {
        let bus = try SystemBus()
        try bus.call("DisableUnitFiles") { message in
            _ = try withNames([unit]) { try check("append", sd_bus_message_append_strv(message, $0)) }
            try appendBoolean(false, to: message)
        } reading: { _ in
        }
        try bus.call("Reload") { _ in
        } reading: { _ in
        }
    }

    private func renewed(_ member: String, _ unit: String, within limit: Duration) throws {
        let bus = try SystemBus()
        try bus.call("Reload") { _ in
        } reading: { _ in
        }
        try job(member, unit, within: limit)
    }

    private func job(_ member: String, _ unit: String, within limit: Duration) throws {
        let bus = try SystemBus()
        try bus.listenForJobs()
        let job = try bus.call(member) { message in
            try appendString(unit, to: message)
            try appendString("replace", to: message)
        } reading: { reply in
            try readPath(reply)
        }
        let result = try bus.awaitJob(job, within: limit)
        guard result == "done" else {
            throw HostError.serviceManager(call: "\(member) of \(unit), which ended as '\(result)'", errno: .ioError)
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

    /// Has the manager send the ends of jobs, and the bus hand them to us.
    func listenForJobs() throws {
        try call("Subscribe") { _ in
        } reading: { _ in
        }
        var message: OpaquePointer?
        let bus = "org.freedesktop.DBus"
        try check(
            "AddMatch",
            sd_bus_message_new_method_call(self.bus, &message, bus, "/org/freedesktop/DBus", bus, "AddMatch"))
        defer { sd_bus_message_unref(message) }
        try appendString(
            "type='signal',sender='\(Self.manager.name)',interface='\(Self.manager.interface)',member='JobRemoved'",
            to: message)
        var reply: OpaquePointer?
        try check("AddMatch", sd_bus_call(self.bus, message, 30_000_000, nil, &reply))
        sd_bus_message_unref(reply)
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

private func appendBoolean(_ value: Bool, to message: OpaquePointer?) throws {
    var number: Int32 = value ? 1 : 0
    try check("append", sd_bus_message_append_basic(message, CChar("b"), &number))
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
