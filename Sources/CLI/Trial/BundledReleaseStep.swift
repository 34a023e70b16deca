import CoreTypes
import Host
import Profiles
import Provisioning
import Releases

/// Takes the application that ships with us as a release, and gives it a slot.
///
/// The first release goes to both slots. A later one goes to the idle slot only: traffic is moved by a switch,
/// never by an installation. A profile whose releases are brought by `bedplate deploy` has nothing of this.
struct BundledReleaseStep: Step {
    let title = "release"
    let profile: Profile
    let layout: Layout
    let live: Slot

    struct Facts: Sendable {
        /// `nil` before the application is in place.
        var bundled: ReleaseID?
        var record: SlotRecord?
        var isStored = false
    }

    func check(_ host: any Host) async throws -> Facts {
        var facts = Facts(record: try SlotRecord.load(layout, on: host))
        guard try host.files.status(layout.application) != nil else { return facts }
        let store = ReleaseStore(host: host, layout: layout)
        let bundled = try store.digest(of: layout.application)
        facts.bundled = bundled
        facts.isStored = try host.files.status(store.directory(of: bundled)) != nil
        return facts
    }

    func plan(_ facts: Facts) -> [Change] {
        guard profile.release.source == .bundled else { return [] }
        guard let bundled = facts.bundled else {
            return [Change("release", "take \(layout.application) as a release for both slots")]
        }
        let isPlaced = facts.record?.blue == bundled || facts.record?.green == bundled
        guard !facts.isStored || !isPlaced else { return [] }
        let slot = facts.record == nil ? "both slots" : "the idle slot \(live.other)"
        return [Change(bundled.description, "take \(layout.application) as the release \(bundled.short) for \(slot)")]
    }

    func apply(_ change: Change, to host: any Host) async throws {
        let isFirst = try SlotRecord.load(layout, on: host) == nil
        _ = try Deployment(profile: profile, layout: layout, host: host).put(
            layout.application, into: isFirst ? Slot.allCases : [live.other])
    }
}
