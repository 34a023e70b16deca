import Glibc
import Host
package import SystemPackage

/// The settings of the kernel that runs here.
package struct LinuxKernel: KernelSettings {
    package init() {}

    package func value(at path: FilePath) throws -> String? {
        guard let bytes = try LinuxFiles().readIfPresent(path, limit: 4096) else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        let line = text.prefix { !$0.isNewline }
        guard let open = line.firstIndex(of: "["), let close = line[open...].firstIndex(of: "]") else {
            return String(line)
        }
        return String(line[line.index(after: open)..<close])
    }

    package func canChange(_ path: FilePath) -> Bool { access(path.string, W_OK) == 0 }

    package func change(_ path: FilePath, to value: String) throws {
        let descriptor = try call("open", path) { open(path.string, O_WRONLY | O_TRUNC | O_CLOEXEC) }
        defer { close(descriptor) }
        let bytes = Array(value.utf8)
        // The kernel takes a value whole or not at all.
        _ = try call("write", path) { write(descriptor, bytes, bytes.count) }
    }
}
