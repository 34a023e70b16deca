import Glibc
import Host
package import SystemPackage

/// What removes. No link is followed: every name is looked up in a directory that is already open.
extension LinuxFiles {
    package func remove(_ path: FilePath) throws {
        guard let found = try status(path) else { return }
        try ignoringAbsence {
            try call("remove", path) { found.kind == .directory ? rmdir(path.string) : unlink(path.string) }
        }
    }

    package func removeTree(_ path: FilePath) throws {
        guard let name = path.lastComponent?.string else {
            throw HostError.failed(call: "remove", path: path, errno: .invalidArgument)
        }
        let parent = path.removingLastComponent()
        try ignoringAbsence {
            try withDescriptor(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY) { descriptor in
                try removeEntry(name, in: descriptor, path)
            }
        }
    }

    private func removeEntry(_ name: String, in parent: Int32, _ path: FilePath) throws {
        let descriptor: Int32
        do {
            descriptor = try call("open", path) {
                openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
        } catch HostError.failed(_, _, let errno) where errno == .notDirectory || errno == .tooManySymbolicLinkLevels {
            try ignoringAbsence { try call("unlink", path) { unlinkat(parent, name, 0) } }
            return
        } catch HostError.failed(_, _, .noSuchFileOrDirectory) {
            return
        }
        defer { close(descriptor) }
        // A directory without write permission keeps its entries from everybody but root.
        try call("chmod", path) { fchmod(descriptor, 0o700) }
        for entry in try entries(of: descriptor, at: path) {
            try removeEntry(entry, in: descriptor, path.appending(entry))
        }
        try ignoringAbsence { try call("rmdir", path) { unlinkat(parent, name, AT_REMOVEDIR) } }
    }

    private func ignoringAbsence(_ body: () throws -> Void) throws {
        do { try body() } catch let error as HostError where error.isAbsence {}
    }
}
