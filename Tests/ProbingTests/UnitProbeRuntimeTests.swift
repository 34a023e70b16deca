import CoreTypes
import Testing

@testable import Probing

/// Against a bus of our own: where these tests run, systemd usually does not.
@Suite("Units of systemd, Runtime")
struct UnitProbeRuntimeTests {
    @Test("a unit is healthy while it is active or reloading, and otherwise its state is told")
    func states() throws {
        let manager = try FakeManager([
            "a.service": ("loaded", "active"), "b.service": ("loaded", "reloading"),
            "c.service": ("loaded", "activating"), "d.service": ("loaded", "failed"),
        ])
        func check(_ unit: String) -> UnitFailure? {
            withExtendedLifetime(manager) {
                UnitProbe(unit, timeout: .seconds(10), address: manager.address).check()
            }
        }
        #expect(check("a.service") == nil)
        #expect(check("b.service") == nil)
        #expect(check("c.service") == .inactive("activating"))
        #expect(check("d.service") == .inactive("failed"))
        #expect(check("e.service") == .unknown)
    }

    @Test("without a system bus that is said, with the kernel's number")
    func noBus() {
        let probe = UnitProbe("a.service", address: "unix:path=/nowhere/bus")
        #expect(probe.check() == .noBus(errno: 2))
        #expect(
            "\(UnitFailure.noBus(errno: 2))" == "systemd cannot be asked: the system bus cannot be reached (error 2)")
    }

    @Test("a bus that ends the connection has not said that a unit is active")
    func closes() throws {
        let peer = try FakeManager([:], manner: .closes)
        let failure = withExtendedLifetime(peer) {
            UnitProbe("a.service", timeout: .seconds(10), address: peer.address).check()
        }
        guard case .noBus? = failure else {
            Issue.record("expected noBus, not \(failure.map { "\($0)" } ?? "active")")
            return
        }
    }

    @Test("a bus that accepts and never answers costs the timeout and no more")
    func mute() throws {
        let manager = try FakeManager([:], manner: .mute)
        let probe = UnitProbe("a.service", timeout: .milliseconds(300), address: manager.address)
        let failure = withExtendedLifetime(manager) { probe.check() }
        #expect(failure == .timedOut(after: .milliseconds(300)))
    }
}
