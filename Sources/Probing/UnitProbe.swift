import CSystemd
import Glibc

/// Asks systemd over D-Bus whether a unit is active. Everybody may ask that.
package struct UnitProbe: Sendable {
    private static let manager = "org.freedesktop.systemd1"

    private let unit: String
    private let timeout: Duration
    private let address: String

    /// `address`: another bus than the system's (dbus-daemon(1) tells how it is written).
    package init(_ unit: String, timeout: Duration = .seconds(2), address: String? = nil) {
        self.unit = unit
        self.timeout = timeout
        self.address =
            address ?? getenv("DBUS_SYSTEM_BUS_ADDRESS").map { String(cString: $0) }
            ?? "unix:path=/run/dbus/system_bus_socket"
    }

    /// `nil`: it is active. Blocks for at most about the timeout.
    package func check() -> UnitFailure? {
        do throws(UnitFailure) {
            let deadline = Deadline(after: timeout)
            let bus = try connect(deadline)
            defer { sd_bus_close_unref(bus) }
            let (load, active) = try state(on: bus, deadline)
            if load == "not-found" { return .unknown }
            return active == "active" || active == "reloading" ? nil : .inactive(active)
        } catch { return error }
    }

    /// sd_bus_open_system() would wait 90 seconds for a bus that accepts and says nothing.
    private func connect(_ deadline: Deadline) throws(UnitFailure) -> OpaquePointer? {
        var bus: OpaquePointer?
        guard sd_bus_new(&bus) >= 0 else { throw .noBus(errno: ENOMEM) }
        do throws(UnitFailure) {
            try check(sd_bus_set_address(bus, address))
            try check(sd_bus_set_bus_client(bus, 1))
            try check(sd_bus_start(bus))
            while try check(sd_bus_is_ready(bus)) == 0 {
                if try check(sd_bus_process(bus, nil)) > 0 { continue }
                let rest = UInt64(deadline.remainingMilliseconds) * 1000
                guard rest > 0 else { throw .timedOut(after: timeout) }
                try check(sd_bus_wait(bus, rest))
            }
        } catch {
            sd_bus_close_unref(bus)
            throw error
        }
        return bus
    }

    /// The words for its load state and its active state (org.freedesktop.systemd1(5), ListUnitsByNames).
    private func state(on bus: OpaquePointer?, _ deadline: Deadline) throws(UnitFailure) -> (String, String) {
        var call: OpaquePointer?
        try check(
            sd_bus_message_new_method_call(
                bus, &call, Self.manager, "/org/freedesktop/systemd1", "\(Self.manager).Manager", "ListUnitsByNames"))
        defer { sd_bus_message_unref(call) }
        try check(sd_bus_message_open_container(call, CChar(ascii: "a"), "s"))
        try check(sd_bus_message_append_basic(call, CChar(ascii: "s"), unit))
        try check(sd_bus_message_close_container(call))
        var failure = sd_bus_error()
        defer { sd_bus_error_free(&failure) }
        var reply: OpaquePointer?
        let limit = UInt64(max(1, deadline.remainingMilliseconds)) * 1000
        let result = sd_bus_call(bus, call, limit, &failure, &reply)
        defer { sd_bus_message_unref(reply) }
        guard result >= 0 else {
            if result == -ETIMEDOUT { throw .timedOut(after: timeout) }
            throw failure.name.map { .noManager(String(cString: $0)) } ?? .noBus(errno: -result)
        }
        try check(sd_bus_message_enter_container(reply, CChar(ascii: "a"), "(ssssssouso)"))
        guard try check(sd_bus_message_enter_container(reply, CChar(ascii: "r"), "ssssssouso")) > 0 else {
            throw .unknown
        }
        _ = try text(of: reply)  // its name
        _ = try text(of: reply)  // its description
        return (try text(of: reply), try text(of: reply))
    }

    private func text(of message: OpaquePointer?) throws(UnitFailure) -> String {
        var text: UnsafePointer<CChar>?
        try check(sd_bus_message_read_basic(message, CChar(ascii: "s"), &text))
        return text.map { String(cString: $0) } ?? ""
    }

    @discardableResult
    private func check(_ result: Int32) throws(UnitFailure) -> Int32 {
        guard result < 0 else { return result }
        throw result == -ETIMEDOUT ? .timedOut(after: timeout) : .noBus(errno: -result)
    }
}

extension CChar {
    fileprivate init(ascii letter: Unicode.Scalar) { self = CChar(truncatingIfNeeded: letter.value) }
}
