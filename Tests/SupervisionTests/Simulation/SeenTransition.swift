import Control

/// A way from one state to another, and what news led there.
struct SeenTransition: Hashable {
    let from: InstanceStatus.State
    let to: InstanceStatus.State
    let cause: Cause

    /// In the words of the diagram.
    enum Cause: String, CaseIterable {
        case opened = "taken up"
        case spawned
        case spawnFailed = "spawn failed"
        case ended
        case groupGone = "group gone"
        case probe
        case notice
        case time
        case clock = "clock set"
        case start, stop, restart, apply, shutdown
        /// Another instance changed, and this one follows.
        case other = "dependency"
    }
}
