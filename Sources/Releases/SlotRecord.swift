package import CoreTypes
import FoundationEssentials
package import Host
import SystemPackage

/// Which release is in which slot, and how far a switch has come: `slots.json`.
///
/// It does not say which slot is live: `live.conf` does, and nothing else.
package struct SlotRecord: Codable, Sendable, Equatable {
    /// The format this code writes.
    package static let currentFormat = 2

    package private(set) var format = Self.currentFormat
    package var blue: ReleaseID?
    package var green: ReleaseID?
    /// The slot that was live before the last switch: where a rollback goes.
    package var previous: Slot?
    /// A switch that has begun and not ended.
    package var ongoing: OngoingSwitch?
    /// A slot whose release is not proven yet: a deploy is at work, or was stopped.
    package var deploying: OngoingDeploy?
    /// Proven releases, the one deployed last first.
    package var history: [ReleaseID]?
    /// The slot that is kept running for a rollback.
    package var warm: WarmSlot?
    /// Releases in the slots whose migration has run.
    package var migrated: [ReleaseID]?

    package init(blue: ReleaseID? = nil, green: ReleaseID? = nil) {
        self.blue = blue
        self.green = green
    }

    package struct OngoingDeploy: Codable, Sendable, Equatable {
        package var slot: Slot
        /// What the slot had.
        package var before: ReleaseID?

        package init(slot: Slot, before: ReleaseID?) {
            self.slot = slot
            self.before = before
        }
    }

    package struct OngoingSwitch: Codable, Sendable, Equatable {
        package var from: Slot
        package var to: Slot
        /// Recorded before it happens.
        package var stage: SwitchStage
        /// In milliseconds since 1970.
        package var began: Int64
        /// Absent in the first format.
        package var plan: SwitchPlan?

        package init(from: Slot, to: Slot, stage: SwitchStage, began: Int64, plan: SwitchPlan? = nil) {
            self.from = from
            self.to = to
            self.stage = stage
            self.began = began
            self.plan = plan
        }
    }

    package struct WarmSlot: Codable, Sendable, Equatable {
        package var slot: Slot
        /// When it lost its traffic, and when nobody needs it any more; in milliseconds since 1970.
        package var since: Int64
        package var until: Int64

        package init(slot: Slot, since: Int64, until: Int64) {
            self.slot = slot
            self.since = since
            self.until = until
        }
    }

    package subscript(slot: Slot) -> ReleaseID? {
        get { slot == .blue ? blue : green }
        set { if slot == .blue { blue = newValue } else { green = newValue } }
    }
}

extension SlotRecord {
    private static let limit = 1 << 20

    /// `nil` before the first release. A record that is not understood stops us, and is kept.
    package static func load(_ layout: Layout, on host: any Host) throws -> SlotRecord? {
        guard let bytes = try host.files.readIfPresent(layout.slots, limit: limit) else { return nil }
        let kept = "the file was kept; restore it, or move it aside and install again"
        let record: SlotRecord
        do { record = try JSONDecoder().decode(Self.self, from: Data(bytes)) } catch {
            throw OperatorError(
                doing: "read \(layout.slots)", because: "it is no record of slots that we understand", next: kept,
                cause: error)
        }
        guard record.format <= currentFormat else {
            throw OperatorError(
                doing: "read \(layout.slots)", because: "it has format \(record.format), of a later release", next: kept
            )
        }
        return record
    }

    /// Writes it in the current format.
    package func save(_ layout: Layout, on host: any Host) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        var record = self
        record.format = Self.currentFormat
        record.migrated = migrated.map { $0.filter { $0 == blue || $0 == green } }
        try host.files.replace(
            layout.slots, with: Array(encoder.encode(record)) + [UInt8(ascii: "\n")],
            mode: [.ownerReadWrite, .groupRead, .otherRead], owner: nil)
    }
}
