import Glibc
import SystemPackage

/// The few calls that swift-system does not have yet.
extension FileDescriptor {
    func sync() throws {
        guard fsync(rawValue) == 0 else { throw Errno(rawValue: errno) }
    }
}

extension FilePath {
    func rename(to other: FilePath) throws {
        guard Glibc.rename(string, other.string) == 0 else { throw Errno(rawValue: errno) }
    }

    func unlink() throws {
        guard Glibc.unlink(string) == 0 else { throw Errno(rawValue: errno) }
    }
}
