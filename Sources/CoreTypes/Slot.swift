/// One of the two complete copies of the slotted processes, each with ports of its own.
package enum Slot: String, Hashable, Sendable, CaseIterable, Codable, CustomStringConvertible {
    case blue, green

    /// The other copy: live's idle, idle's live.
    package var other: Slot { self == .blue ? .green : .blue }

    package var description: String { rawValue }
}
