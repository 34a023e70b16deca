import CLinux
import Control
import CoreTypes
import Glibc

/// `<logs>/<instance>/current`: appended to, rotated by size to `@<milliseconds>.log`.
///
/// A write that fails (a full disk) loses bytes, never the process that wrote them: they are counted, and writing is
/// tried again after a second.
final class LogFile {
    enum Change {
        case stopped(reason: String)
        case resumed(lost: Int)
    }

    static let tryAgainAfter = TimeSpan.seconds(1)

    let directory: String
    var policy: LogPolicy
    private var descriptor: Int32 = -1
    private var size: Int64 = 0
    private var endsInsideLine = false
    private var lost = 0
    private var blockedUntil: Moment?
    private let report: (Change) -> Void
    /// Told the size of `current` before it grows.
    private let willWrite: (Int64) -> Void

    init(
        directory: String, policy: LogPolicy, report: @escaping (Change) -> Void,
        willWrite: @escaping (Int64) -> Void
    ) {
        self.directory = directory
        self.policy = policy
        self.report = report
        self.willWrite = willWrite
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    var path: String { "\(directory)/current" }

    /// Whole lines, unless an earlier write was cut off.
    func append(_ bytes: UnsafeRawBufferPointer, at now: Moment) {
        guard !bytes.isEmpty else { return }
        if let until = blockedUntil, now < until {
            lost += bytes.count
            return
        }
        do throws(SystemError) {
            if descriptor < 0 { try openCurrent() }
            if size > 0, size + Int64(bytes.count) > policy.maximumSize.bytes { try rotate() }
            willWrite(size)
            if blockedUntil != nil { try resume() }
            try write(bytes)
        } catch {
            lost += bytes.count
            if blockedUntil == nil { report(.stopped(reason: "\(error)")) }
            blockedUntil = now + Self.tryAgainAfter
        }
    }

    private func resume() throws(SystemError) {
        let note = "[bedplated: \(lost) bytes were lost here: they could not be written]\n"
        var text = Array(note.utf8)
        if endsInsideLine { text.insert(0x0A, at: 0) }
        var failure: SystemError?
        text.withUnsafeBytes { bytes in
            do throws(SystemError) { try write(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
        report(.resumed(lost: lost))
        lost = 0
        blockedUntil = nil
    }

    private func write(_ bytes: UnsafeRawBufferPointer) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + written, bytes.count - written)
            if count < 0 {
                if errno == EINTR { continue }
                let number = errno
                lost -= written
                throw SystemError("writing '\(path)'", number)
            }
            written += count
            size += Int64(count)
            endsInsideLine = bytes[written - 1] != 0x0A
        }
    }

    private func openCurrent() throws(SystemError) {
        try Files.makeDirectory(directory, mode: 0o750)
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw SystemError("opening '\(path)'") }
        guard !DescriptorReserve.includes(descriptor) else {
            close(descriptor)
            descriptor = -1
            throw SystemError("opening '\(path)'", EMFILE)
        }
        size = Int64(lseek(descriptor, 0, SEEK_END))
        var last: UInt8 = 0x0A
        if size > 0, pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 0x0A {
            // A supervisor died in the middle of a line.
            _ = Glibc.write(descriptor, "\n", 1)
            size += 1
        }
    }

    private func rotate() throws(SystemError) {
        close(descriptor)
        descriptor = -1
        var stamp = SystemClock.wall
        while access("\(directory)/@\(stamp).log", F_OK) == 0 { stamp += 1 }
        guard rename(path, "\(directory)/@\(stamp).log") == 0 else { throw SystemError("rotating '\(path)'") }
        let old = LogFile.rotated(in: directory)
        for name in old.dropLast(max(policy.keep, 0)) { unlink("\(directory)/\(name)") }
        try openCurrent()
    }

    /// The rotated files, oldest first.
    static func rotated(in directory: String) -> [String] {
        Files.names(in: directory)
            .compactMap { name -> (stamp: Int64, name: String)? in
                guard name.hasPrefix("@"), name.hasSuffix(".log"), let stamp = Int64(name.dropFirst().dropLast(4))
                else { return nil }
                return (stamp, name)
            }
            .sorted { $0.stamp < $1.stamp }
            .map(\.name)
    }
}
