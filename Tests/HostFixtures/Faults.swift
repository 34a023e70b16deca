import Synchronization

/// Stops a machine after a number of operations: that one and every later one throws `PowerCut`.
///
/// Only operations that change something count, so a run with N changes has N interesting moments.
package final class Faults: Sendable {
    private struct State {
        var count = 0
        var limit: Int?
    }
    private let state = Mutex(State())

    package init() {}

    /// Operations so far that changed something.
    package var count: Int { state.withLock { $0.count } }

    /// From now on `operations` more changes work.
    package func cutPower(after operations: Int) { state.withLock { $0.limit = $0.count + operations } }

    package func restorePower() { state.withLock { $0.limit = nil } }

    /// Called before each change.
    package func change() throws {
        try state.withLock { state in
            if let limit = state.limit, state.count >= limit { throw PowerCut() }
            state.count += 1
        }
    }

    /// Called before each read: a machine without power answers nothing.
    package func read() throws {
        try state.withLock { state in
            if let limit = state.limit, state.count >= limit { throw PowerCut() }
        }
    }
}

/// The machine stopped here.
package struct PowerCut: Error, CustomStringConvertible {
    package var description: String { "the machine has stopped" }
}
