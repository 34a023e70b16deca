import Host
import Synchronization
import SystemPackage

/// Stops a machine after a number of operations: that one and every later one throws `PowerCut`.
///
/// Only operations that change something count, so a run with N changes has N interesting moments.
package final class Faults: Sendable {
    private struct State {
        var count = 0
        var limit: Int?
        var writes = 0
        var room: Int?
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

    /// Operations so far that took room on a disk.
    package var writes: Int { state.withLock { $0.writes } }

    /// From now on `operations` more writes work; then the disk is full, and everything but a write goes on.
    package func fillDisk(after operations: Int) { state.withLock { $0.room = $0.writes + operations } }

    package func makeRoom() { state.withLock { $0.room = nil } }

    /// Whether one more write would fail; counts it when not.
    func isFull() -> Bool {
        state.withLock { state in
            if let room = state.room, state.writes >= room { return true }
            state.writes += 1
            return false
        }
    }

    /// Called before each change that takes room.
    func write(_ path: FilePath) throws {
        try change()
        guard !isFull() else { throw HostError.failed(call: "write", path: path, errno: .noSpace) }
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
