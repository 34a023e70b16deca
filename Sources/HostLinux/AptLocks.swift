import Glibc
package import Host
package import SystemPackage

/// The files that apt and dpkg lock with fcntl(2), all of them: `DPkg::Lock::Timeout` waits for the first two only.
package struct AptLocks: Sendable {
    private let files: [FilePath]
    private let proc: FilePath

    package static let all: [FilePath] = [
        "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock",
        "/var/cache/apt/archives/lock",
    ]

    package init(_ files: [FilePath] = Self.all, proc: FilePath = "/proc") {
        self.files = files
        self.proc = proc
    }

    package func holders() throws -> [PackageLockHolder] {
        try files.compactMap { path in
            guard let pid = try holder(of: path) else { return nil }
            let name = try LinuxFiles().readOfProcess(pid, "comm", limit: 4096, below: proc)
            return PackageLockHolder(
                file: path.string, pid: pid,
                command: name.map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) })
        }
    }

    /// Waits until nobody holds any of them, and tells the listener of each one that it begins to wait for.
    func wait(limit: Duration, telling listener: (PackageLockHolder) -> Void) async throws {
        let watch = Stopwatch(ContinuousClock())
        var told: PackageLockHolder?
        while let holder = try holders().first {
            if holder != told {
                listener(holder)
                told = holder
            }
            guard watch.elapsed < limit else {
                throw HostError.locked(path: FilePath(holder.file), holder: holder.pid)
            }
            try await Task.sleep(for: .milliseconds(200))
        }
    }

    private func holder(of path: FilePath) throws -> Int32? {
        do {
            return try withDescriptor(path, O_RDWR) { descriptor in
                var lock = Glibc.flock()
                lock.l_type = Int16(F_WRLCK)
                lock.l_whence = Int16(SEEK_SET)
                try call("fcntl", path) { fcntl(descriptor, F_GETLK, &lock) }
                return lock.l_type == Int16(F_UNLCK) ? nil : lock.l_pid
            }
        } catch let error as HostError where error.isAbsence {
            return nil
        } catch HostError.failed(_, _, .permissionDenied) {
            // Not ours to look at, and whoever may not look will not install either.
            return nil
        }
    }
}
