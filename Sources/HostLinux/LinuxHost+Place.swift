import Glibc
package import SystemPackage

/// Where this program stands.
extension LinuxHost {
    /// The folder this program was started from, with every link resolved.
    package static func programsDirectory() -> FilePath {
        followed("/proc/self/exe").removingLastComponent()
    }

    /// The folder the operator is in.
    package static func workingDirectory() -> FilePath { followed("/proc/self/cwd") }

    /// The kernel's own links always resolve for ourselves, except to a folder that was removed: then `/` does.
    private static func followed(_ link: String) -> FilePath {
        guard let resolved = realpath(link, nil) else { return "/" }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }
}
