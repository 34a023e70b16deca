package import CoreTypes
package import Host
package import Profiles
import SystemPackage

/// `live.conf`: names the live slot, which clients meet the other one for now, and where the processes of both listen.
/// The one writer and the one reader of that file.
package struct LiveConfiguration: Sendable, Equatable {
    private static let before = "map \"\" $bedplate_slot { default "
    private static let after = "; }"
    /// In the names of upstreams, the live slot and the other one, whichever they are.
    static let live = "live"
    static let idle = "idle"
    /// Says which slot answers, where not all clients meet the live one.
    static let chosen = "$bedplate_chosen"

    package let slot: Slot
    package let text: String

    /// `profile` is validated: each routed process has a port in each slot. `share`: percent of the clients, told apart by
    /// address and program, that meet the other slot.
    package init(slot: Slot, share: Int? = nil, profile: Profile) throws {
        self.slot = slot
        var out = ConfigurationText()
        out.line("# Written by bedplate: names the live slot, and nothing else does. Change it with 'bedplate switch'.")
        out.line("\(Self.before)\(slot)\(Self.after)")
        out.line(Self.constant("bedplate_share", "\"\(share.map { " \($0)" } ?? "")\""))
        if let share {
            out.block("split_clients \"$remote_addr $http_user_agent\" $bedplate_chosen") {
                $0.line("\(share)% \(slot.other);")
                $0.line("* \(slot);")
            }
        } else {
            out.line(Self.constant("bedplate_chosen", slot.rawValue))
        }
        out.line("# What the site of an earlier release asks for.")
        out.line(Self.constant("bedplate_idle", slot.other.rawValue))
        for process in profile.processes where process.isSlotted && !process.role.isHook {
            guard let name = process.port else { continue }
            let hasStreams = profile.routes.contains { $0.process == process.name && $0.isStream }
            let places = Slot.allCases.map { ($0.rawValue, $0) } + [(Self.live, slot), (Self.idle, slot.other)]
            for (place, slot) in places {
                guard let port = profile.slots[slot]?[name] else {
                    throw OperatorError(
                        doing: "write live.conf",
                        because: "the \(slot) slot has no port '\(name)' for \(process.name)",
                        next: "add it to 'slots' in the profile")
                }
                out.line()
                // One server: a failed one is not taken out, since there is nobody else to ask. The idle time is
                // shorter than what servers commonly allow, so that nginx closes first and no request meets a closing
                // connection.
                out.block("upstream \(Self.upstream(of: process.name, in: place))") {
                    $0.line("server 127.0.0.1:\(port) max_fails=0;")
                    $0.line("keepalive 32;")
                    $0.line("keepalive_timeout 20s;")
                }
                // Streams share no connection with requests, so that one can be closed without the other.
                guard hasStreams else { continue }
                out.block("upstream \(Self.upstream(of: process.name, in: place, streams: true))") {
                    $0.line("server 127.0.0.1:\(port) max_fails=0;")
                }
            }
        }
        text = out.text
    }

    /// A variable with one value. Of a map, nginx fills 1.2 MB for its keys each time it reads one (ngx_hash_keys_array_init), at
    /// its test and again at the reload. The line that every release reads stays one.
    private static func constant(_ name: String, _ value: String) -> String {
        "split_clients \"\" $\(name) { * \(value); }"
    }

    /// nginx's name for a process of a slot; `slot` may be `live`, `idle`, or a variable of nginx.
    static func upstream(of process: ProcessName, in slot: String, streams: Bool = false) -> String {
        "bedplate_\(streams ? "streams_" : "")\(process)_\(slot)"
    }

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
