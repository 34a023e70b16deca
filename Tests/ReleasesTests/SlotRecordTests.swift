import CoreTypes
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

private let layout = Layout(root: "/trial")

@Suite struct SlotRecordTests {
    @Test("a record is saved and loaded whole, in every stage")
    func roundTrip() throws {
        let host = FakeHost()
        host.disk.plantDirectory(layout.state)
        #expect(try SlotRecord.load(layout, on: host) == nil)
        for stage in SwitchStage.allCases {
            var record = SlotRecord(blue: SampleProfile.firstRelease)
            record.previous = .green
            record.ongoing = .init(
                from: .blue, to: .green, stage: stage, began: 17, plan: SwitchPlan(share: 10, watch: .seconds(60)))
            record.warm = .init(slot: .green, since: 17, until: 18)
            record.migrated = [SampleProfile.firstRelease]
            try record.save(layout, on: host)
            #expect(try SlotRecord.load(layout, on: host) == record)
        }
    }

    @Test("the first format stays readable")
    func firstFormat() throws {
        let host = FakeHost()
        host.disk.plant(
            layout.slots,
            """
            {"blue":"\(SampleProfile.firstRelease)","format":1,"ongoing":{"began":17,"from":"blue","stage":"draining",\
            "to":"green"},"previous":"blue"}
            """)
        let record = try SlotRecord.load(layout, on: host)
        #expect(record?.blue == SampleProfile.firstRelease)
        #expect(record?.ongoing?.stage == .draining)
        #expect(record?.previous == .blue)
    }

    @Test(
        "a record that is not understood, or of a later release, is refused and kept",
        arguments: ["{", "{\"format\":3}"])
    func unreadable(text: String) throws {
        let host = FakeHost()
        host.disk.plant(layout.slots, text)
        let error = #expect(throws: OperatorError.self) { try SlotRecord.load(layout, on: host) }
        #expect(error?.doing == "read /trial/var/lib/bedplate/slots.json")
        #expect(host.disk.text(layout.slots) == text)
    }
}

@Suite struct LiveConfigurationTests {
    @Test("the slot that is written is the slot that is read", arguments: Slot.allCases)
    func roundTrip(slot: Slot) throws {
        let written = try LiveConfiguration(slot: slot, profile: SampleProfile.make())
        #expect(LiveConfiguration.slot(in: written.text) == slot)
    }

    @Test("a file that names no slot, two slots or an unknown one names none")
    func nonsense() throws {
        let blue = try LiveConfiguration(slot: .blue, profile: SampleProfile.make()).text
        let green = try LiveConfiguration(slot: .green, profile: SampleProfile.make()).text
        #expect(LiveConfiguration.slot(in: "") == nil)
        #expect(LiveConfiguration.slot(in: blue + green) == nil)
        #expect(LiveConfiguration.slot(in: blue.replacing("default blue", with: "default red")) == nil)
        #expect(LiveConfiguration.slot(in: "# " + blue.replacing("\nmap", with: "\n#map")) == nil)
    }

    @Test("no file means that nothing is live yet, and a damaged one is an error that keeps it")
    func absentOrDamaged() throws {
        let host = FakeHost()
        #expect(try LiveConfiguration.liveSlot(layout, on: host) == nil)
        host.disk.plant(layout.live, "server {}")
        #expect(throws: OperatorError.self) { try LiveConfiguration.liveSlot(layout, on: host) }
        #expect(host.disk.text(layout.live) == "server {}")
    }
}
