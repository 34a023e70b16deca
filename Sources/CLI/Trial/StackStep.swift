import Control
import CoreTypes
import Host
import Profiles
import Provisioning
import Releases
import SystemPackage

/// `stack.json`, compared by meaning: the supervisor writes it too, after an Apply. It follows from the profile and from
/// what is in the slots, which an earlier step may be about to change.
struct StackStep: Step {
    let title = "stack"
    let profile: Profile
    let layout: Layout

    struct Facts: Sendable {
        var wanted: Stack
        var found: Stack?
    }

    func check(_ host: any Host) async throws -> Facts {
        let wanted = try Deployment(profile: profile, layout: layout, host: host).stack()
        guard let bytes = try host.files.readIfPresent(layout.stack, limit: 16 << 20) else {
            return Facts(wanted: wanted)
        }
        // One we do not understand is another one: it was derived from the profile and is derived again.
        return Facts(wanted: wanted, found: try? JSON(parsing: bytes).decode(Stack.self))
    }

    func plan(_ facts: Facts) -> [Change] {
        guard facts.found != facts.wanted else { return [] }
        let none = Stack(profile: "", directories: facts.wanted.directories, instances: [])
        let difference = (facts.found ?? none).difference(to: facts.wanted)
        let parts = [("new", difference.added), ("changed", difference.changed), ("gone", difference.removed)]
        let said = parts.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.map(\.description).joined(separator: ", "))" }
        return [Change("stack", "write \(layout.stack)" + (said.isEmpty ? "" : " (\(said.joined(separator: "; ")))"))]
    }

    func apply(_ change: Change, to host: any Host) async throws {
        let stack = try Deployment(profile: profile, layout: layout, host: host).stack()
        let bytes = try JSON(encoding: stack).bytes + [UInt8(ascii: "\n")]
        try host.files.replace(layout.stack, with: bytes, mode: [.ownerReadWrite, .groupRead], owner: nil)
    }
}
