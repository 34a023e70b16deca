import Glibc
import Host
import SystemPackage

/// Makes a system call that answers -1 on failure, again when a signal interrupts it, and names call and path when
/// it fails.
@discardableResult
func call<Result: SignedInteger>(_ name: String, _ path: FilePath, _ body: () -> Result) throws -> Result {
    while true {
        let result = body()
        guard result == -1 else { return result }
        let error = Errno(rawValue: errno)
        guard error == .interrupted else { throw HostError.failed(call: name, path: path, errno: error) }
    }
}

/// Opens a file, never through a link at its last component unless asked, and closes it after `body`.
func withDescriptor<Result>(
    _ path: FilePath, _ flags: Int32, mode: mode_t = 0, _ body: (Int32) throws -> Result
) throws -> Result {
    let descriptor = try call("open", path) { open(path.string, flags | O_CLOEXEC, mode) }
    defer { close(descriptor) }
    return try body(descriptor)
}

extension HostError {
    /// Whether the path it is about does not exist.
    var isAbsence: Bool {
        guard case .failed(_, _, let errno) = self else { return false }
        // A file of /proc is gone (ESRCH) once its process is.
        return errno == .noSuchFileOrDirectory || errno == .notDirectory || errno == .noSuchProcess
    }
}
