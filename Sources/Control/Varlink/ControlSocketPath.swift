package import Glibc

/// The address of a Unix socket whose path may be longer than the 108 bytes an address holds.
///
/// Such a path is reached through its opened directory: `/proc/self/fd/7/control`.
package enum ControlSocketPath {
    /// `O_PATH`, which Glibc's module lacks: searching the directory is enough, reading it is not needed.
    private static let pathOnly: Int32 = 0o10000000

    /// Calls `body` with an address for `path`; a non-zero result of `body` is its errno. Returns the errno.
    package static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        var address = sockaddr_un()
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        if path.utf8.count < capacity { return with(&address, path, body) }

        guard let slash = path.lastIndex(of: "/") else { return ENAMETOOLONG }
        let directory = open(String(path[..<slash]), pathOnly | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return errno }
        defer { close(directory) }
        let short = "/proc/self/fd/\(directory)\(path[slash...])"
        guard short.utf8.count < capacity else { return ENAMETOOLONG }
        return with(&address, short, body)
    }

    private static func with(
        _ address: inout sockaddr_un, _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) -> Int32 {
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (index, byte) in path.utf8.enumerated() { target[index] = byte }
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}
