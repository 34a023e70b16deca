import Host
import Synchronization
package import SystemPackage

/// A kernel in memory: it has the settings that the test plants, and no others.
package final class FakeKernel: KernelSettings {
    private struct State {
        var values: [FilePath: String] = [:]
        var isReadOnly = false
    }
    private let faults: Faults
    private let state = Mutex(State())

    init(faults: Faults) { self.faults = faults }

    package var values: [FilePath: String] { state.withLock { $0.values } }
    package func plant(_ values: [FilePath: String]) { state.withLock { $0.values.merge(values) { _, new in new } } }
    /// As in a container.
    package func makeReadOnly() { state.withLock { $0.isReadOnly = true } }

    package func value(at path: FilePath) throws -> String? {
        try faults.read()
        return state.withLock { $0.values[path] }
    }

    package func canChange(_ path: FilePath) -> Bool {
        state.withLock { !$0.isReadOnly && $0.values[path] != nil }
    }

    package func change(_ path: FilePath, to value: String) throws {
        try faults.change()
        guard canChange(path) else { throw HostError.failed(call: "open", path: path, errno: .readOnlyFileSystem) }
        state.withLock { $0.values[path] = value }
    }
}
