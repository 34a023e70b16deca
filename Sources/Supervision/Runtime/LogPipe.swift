import CLinux
import Glibc

/// The named pipe through which one stream of an instance reaches the supervisor.
///
/// A child holds its end open for reading *and* writing, so that it never meets SIGPIPE when the supervisor dies; what
/// it writes meanwhile waits in the pipe, and the next supervisor finds the pipe by its name.
final class LogPipe {
    /// `api@blue.out`
    let name: String
    private let directory: String
    private(set) var reader: Int32 = -1
    /// The beginning of a line whose end has not come yet.
    var carry: [UInt8] = []
    var rest: LogRest

    init(name: String, in directory: String) {
        self.name = name
        self.directory = directory
        rest = LogRest(path: "\(directory)/\(name)\(Self.restSuffix)")
    }

    deinit {
        if reader >= 0 { close(reader) }
        rest.close()
    }

    static let restSuffix = ".rest"
    var path: String { "\(directory)/\(name)" }

    /// Opens the reading end if the pipe exists; whether it does.
    func reopen() -> Bool {
        reader = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW)
        return reader >= 0
    }

    /// A pipe that got a descriptor which others need gives it back and fails.
    private func givesBackReserve() -> Bool {
        guard DescriptorReserve.includes(reader) else { return false }
        closeReader()
        errno = EMFILE
        return true
    }

    func closeReader() {
        close(reader)
        reader = -1
    }

    /// A reading end that was kept for us while no supervisor ran; whether it is taken.
    func adopt(_ descriptor: Int32) -> Bool {
        guard reader < 0 else { return false }
        reader = descriptor
        return true
    }

    /// The bytes that a read would give now.
    var available: Int {
        var count: Int32 = 0
        guard ioctl(reader, UInt(FIONREAD), &count) == 0 else { return 0 }
        return Int(count)
    }

    func unlink() {
        Glibc.unlink(path)
        Glibc.unlink(rest.path)
    }

    enum Reading: Equatable {
        case bytes(Int)
        /// Nothing now.
        case empty
        /// No writer is left.
        case ended
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, atMost limit: Int) -> Reading {
        while true {
            let count = Glibc.read(reader, buffer.baseAddress!, limit)
            if count > 0 { return .bytes(count) }
            if count == 0 { return .ended }
            if errno == EINTR { continue }
            return errno == EAGAIN ? .empty : .ended
        }
    }

    /// A descriptor for a child; the caller closes it. `isFresh` when the reader had to be opened anew.
    func openForChild(of account: Account?) throws(SpawnFailure) -> (descriptor: Int32, isFresh: Bool) {
        do throws(SystemError) {
            let descriptor = try openBothWays()
            if let account, !account.isOurs, fchown(descriptor, account.user, account.group) != 0 {
                // It may open /dev/stdout by name only when the pipe is its own; writing works anyway.
                errno = 0
            }
            if reader >= 0, Self.isSame(reader, descriptor) { return (descriptor, false) }
            if reader >= 0 { close(reader) }
            guard reopen(), !givesBackReserve() else {
                let failure = SystemError("opening the log pipe '\(path)'")
                close(descriptor)
                throw failure
            }
            return (descriptor, true)
        } catch { throw SpawnFailure(error) }
    }

    private func openBothWays() throws(SystemError) -> Int32 {
        for _ in 0..<2 {
            let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            if descriptor >= 0 {
                var status = stat()
                if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFIFO { return descriptor }
                close(descriptor)
                Glibc.unlink(path)
            } else if errno != ENOENT {
                break
            }
            guard mkfifo(path, 0o600) == 0 else { break }
        }
        throw SystemError("making the log pipe '\(path)'")
    }

    private static func isSame(_ a: Int32, _ b: Int32) -> Bool {
        var first = stat()
        var second = stat()
        return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_ino == second.st_ino
            && first.st_dev == second.st_dev
    }
}
