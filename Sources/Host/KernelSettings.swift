package import SystemPackage

/// Settings of the running kernel: files below /proc/sys and /sys.
package protocol KernelSettings: Sendable {
    /// What is set, without the end of the line; of a choice, as in `always [madvise] never`, the word in brackets. `nil`:
    /// this kernel has no such setting.
    func value(at path: FilePath) throws -> String?
    /// Whether it can be changed: not where its file system is read-only, as in most containers.
    func canChange(_ path: FilePath) -> Bool
    /// Holds until the machine is booted again.
    func change(_ path: FilePath, to value: String) throws
}
