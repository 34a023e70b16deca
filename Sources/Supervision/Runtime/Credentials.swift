import CLinux
import Control
import CoreTypes
import Glibc

/// The directory in which an instance finds its secrets as files, readable by nobody else.
struct Credentials {
    let path: String

    init(_ directories: Stack.Directories, _ instance: InstanceName) {
        path = "\(directories.run)/credentials/\(instance)"
    }

    /// Copies the sources, replacing what an earlier start left: files 0400 in a directory 0500, both the user's.
    func lay(_ sources: [String: String], for account: Account?) throws(SpawnFailure) {
        clear()
        guard !sources.isEmpty else { return }
        do throws(SystemError) {
            // Others may pass through, not look around.
            let above = String(path[..<path.lastIndex(of: "/")!])
            try Files.makeDirectory(above, mode: 0o711)
            guard mkdir(path, 0o700) == 0 else { throw SystemError("making the directory '\(path)'") }
            for (name, source) in sources { try copy(source, to: name, for: account) }
            if let account, !account.isOurs, chown(path, account.user, account.group) != 0 {
                throw SystemError("handing over the credentials directory '\(path)'")
            }
            guard chmod(path, 0o500) == 0 else { throw SystemError("locking the credentials directory '\(path)'") }
        } catch { throw SpawnFailure(error) }
    }

    private func copy(_ source: String, to name: String, for account: Account?) throws(SystemError) {
        guard let bytes = try Files.read(source, limit: 1 << 20) else {
            throw SystemError("copying credential '\(name)' from '\(source)'", ENOENT)
        }
        let target = "\(path)/\(name)"
        let descriptor = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o400)
        guard descriptor >= 0 else { throw SystemError("copying credential '\(name)' to '\(target)'") }
        defer { close(descriptor) }
        try Files.write(bytes, to: descriptor, named: target)
        if let account, !account.isOurs, fchown(descriptor, account.user, account.group) != 0 {
            throw SystemError("handing over credential '\(name)'")
        }
    }

    /// Removes the directory; nothing happens when there is none.
    func clear() {
        guard chmod(path, 0o700) == 0 else { return }
        for name in Files.names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }
}
