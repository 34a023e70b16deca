import Host
import HostLinux
import SystemPackage

/// A root of its own for one test; it goes with the value.
final class ScratchRoot {
    let path = FilePath("/tmp/bedplate-releases-\(UInt64.random(in: 0 ... .max))")

    init() throws { try LinuxHost().files.createDirectory(path, mode: [.ownerReadWriteExecute], owner: nil) }

    deinit { try? LinuxHost().files.removeTree(path) }
}
