import Glibc
package import Host
package import SystemPackage

/// What changes owners in a tree that others may write to meanwhile: every name is looked up in a directory that is open
/// already, so that no link put in the way leads out of it.
extension LinuxFiles {
    package func handOver(_ path: FilePath, from former: FormerOwner, to owner: Owner) throws {
        guard let name = path.lastComponent?.string else {
            throw HostError.failed(call: "chown", path: path, errno: .invalidArgument)
        }
        let parent = path.removingLastComponent()
        try withDescriptor(parent.isEmpty ? "." : parent, O_RDONLY | O_DIRECTORY) { descriptor in
            try handOver(name, in: descriptor, path, former, owner)
        }
    }

    private func handOver(
        _ name: String, in parent: Int32, _ path: FilePath, _ former: FormerOwner, _ owner: Owner
    ) throws {
        do {
            let descriptor = try call("open", path) {
                openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            }
            defer { close(descriptor) }
            for entry in try entries(of: descriptor, at: path) {
                try handOver(entry, in: descriptor, path.appending(entry), former, owner)
            }
            var found = stat()
            try call("stat", path) { fstat(descriptor, &found) }
            guard former.had(Owner(user: found.st_uid, group: found.st_gid), before: owner) else { return }
            try call("chown", path) { fchown(descriptor, owner.user, owner.group) }
        } catch HostError.failed("open", path, let errno)
            where errno == .notDirectory || errno == .tooManySymbolicLinkLevels
        {
            var found = stat()
            try call("stat", path) { fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) }
            guard former.had(Owner(user: found.st_uid, group: found.st_gid), before: owner) else { return }
            try call("chown", path) { fchownat(parent, name, owner.user, owner.group, AT_SYMLINK_NOFOLLOW) }
        } catch let error as HostError where error.isAbsence {
            // Somebody has taken it away meanwhile.
        }
    }
}
