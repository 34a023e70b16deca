package import CoreTypes

/// What a switch did.
package struct SwitchReport: Sendable, Equatable {
    package let live: Slot
    package let previous: Slot?
    /// False when the slot was live already: nothing was done.
    package let hasMoved: Bool
    /// Connections that were still open when the drain's time was up.
    package let cut: Int
    /// Streams of the old slot that were closed when their limit was over.
    package let closedStreams: Int
    /// From the command to the front door's word that the new slot answers.
    package let moved: Duration?
    /// Until when the previous slot is kept running; milliseconds since 1970.
    package let warmUntil: Int64?

    package init(
        live: Slot, previous: Slot?, hasMoved: Bool, cut: Int = 0, closedStreams: Int = 0, moved: Duration? = nil,
        warmUntil: Int64? = nil
    ) {
        self.live = live
        self.previous = previous
        self.hasMoved = hasMoved
        self.cut = cut
        self.closedStreams = closedStreams
        self.moved = moved
        self.warmUntil = warmUntil
    }
}

/// What a switch tells whoever watches it.
package enum SwitchProgress: Sendable, Hashable {
    case stage(SwitchStage, from: Slot, to: Slot)
    /// Not healthy yet, and why where it is known.
    case waiting(for: InstanceName, String?)
    /// Still open on the slot that drains.
    case draining(connections: Int)
    /// Something beside the point went wrong.
    case note(String)
}
