package import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// `live.conf`: names the live slot, and where its processes listen. The one writer and the one reader of that file.
package struct LiveConfiguration: Sendable, Equatable {
    private static let before = "map \"\" $bedplate_slot { default "
    private static let after = "; }"

    package let slot: Slot
    package let text: String

    /// `profile` is validated: each routed process has a port in each slot.
    package init(slot: Slot, profile: Profile) throws {
        self.slot = slot
        var text = """
            # Written by bedplate: names the live slot, and nothing else does. Change it with 'bedplate switch'.
            \(Self.before)\(slot)\(Self.after)

            """
        for process in profile.processes where process.isSlotted {
            guard let name = process.port else { continue }
            guard let port = profile.slots[slot]?[name] else {
                throw OperatorError(
                    doing: "write live.conf", because: "the \(slot) slot has no port '\(name)' for \(process.name)",
                    next: "add it to 'slots' in the profile")
            }
            // One server: a failed one is not taken out, since there is nobody else to ask. The idle time is shorter
            // than what servers commonly allow, so that nginx closes first and no request meets a closing connection.
            text += """

                upstream \(Self.upstream(of: process.name)) {
                    server 127.0.0.1:\(port) max_fails=0;
                    keepalive 32;
                    keepalive_timeout 20s;
                }

                """
        }
        self.text = text
    }

    /// nginx's name for a process of the live slot.
    static func upstream(of process: ProcessName) -> String { "bedplate_\(process)" }

    /// The slot that a `live.conf` names.
    package static func slot(in text: String) -> Slot? {
        let named = text.split(separator: "\n").filter { $0.hasPrefix(before) && $0.hasSuffix(after) }
        guard named.count == 1 else { return nil }
        return Slot(rawValue: String(named[0].dropFirst(before.count).dropLast(after.count)))
    }

    /// The live slot of this machine; `nil` before the first release.
    package static func liveSlot(_ layout: Layout, on host: any Host) throws -> Slot? {
        guard let bytes = try host.files.readIfPresent(layout.live, limit: 1 << 20) else { return nil }
        guard let slot = slot(in: String(decoding: bytes, as: UTF8.self)) else {
            throw OperatorError(
                doing: "find the live slot", because: "\(layout.live) does not name one",
                next: "the file was kept; restore it, or move it aside and install again: blue is live then")
        }
        return slot
    }
}
