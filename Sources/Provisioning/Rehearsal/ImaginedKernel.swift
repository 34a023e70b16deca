import Host
import Synchronization
import SystemPackage

/// Settings over those of a real kernel.
final class ImaginedKernel: KernelSettings {
    private let real: any KernelSettings
    private let changed = Mutex<[FilePath: String]>([:])

    init(over real: any KernelSettings) { self.real = real }

    func value(at path: FilePath) throws -> String? { try changed.withLock { $0[path] } ?? real.value(at: path) }
    func canChange(_ path: FilePath) -> Bool { real.canChange(path) }
    func change(_ path: FilePath, to value: String) throws { changed.withLock { $0[path] = value } }
}
