import Glibc
import Host
import HostLinux
import SystemPackage

/// A folder of its own for one test; it goes with the value.
final class Scratch {
    let path: FilePath

    init() throws {
        path = FilePath("/tmp/bedplate-test-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try LinuxFiles().createDirectory(path, mode: [.ownerReadWriteExecute], owner: nil)
    }

    deinit { try? LinuxFiles().removeTree(path) }

    func callAsFunction(_ name: String) -> FilePath { path.appending(name) }
}
