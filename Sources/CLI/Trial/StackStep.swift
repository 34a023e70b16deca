import Control
import CoreTypes
import Host
import Provisioning
import SystemPackage

/// `stack.json`, compared by meaning: the supervisor writes it too, after an Apply.
struct StackStep: Step {
    let title = "stack"
    let stack: Stack
    let layout: Layout

    func check(_ host: any Host) async throws -> Stack? {
        guard let bytes = try host.files.readIfPresent(layout.stack, limit: 16 << 20) else { return nil }
        // One we do not understand is another one: it was derived from the profile and is derived again.
        return try? JSON(parsing: bytes).decode(Stack.self)
    }

    func plan(_ facts: Stack?) -> [Change] {
        guard facts != stack else { return [] }
        let difference = (facts ?? Stack(profile: "", directories: stack.directories, instances: [])).difference(
            to: stack)
        let parts = [("new", difference.added), ("changed", difference.changed), ("gone", difference.removed)]
        let said = parts.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.map(\.description).joined(separator: ", "))" }
        return [Change("stack", "write \(layout.stack)" + (said.isEmpty ? "" : " (\(said.joined(separator: "; ")))"))]
    }

    func apply(_ change: Change, to host: any Host) async throws {
        let bytes = try JSON(encoding: stack).bytes + [UInt8(ascii: "\n")]
        try host.files.replace(layout.stack, with: bytes, mode: [.ownerReadWrite, .groupRead], owner: nil)
    }
}
