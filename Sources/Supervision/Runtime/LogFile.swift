import CLinux
import Control
import CoreTypes
import Glibc

/// `<logs>/<instance>/current`: appended to, rotated by size and age to `@<milliseconds>.log`, and never more in all
/// than its policy allows. It looks at the clock when it is written to, never by itself.
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
    var policy: LogPolicy { didSet { if policy != oldValue { isPruned = false } } }
    private(set) var size: Int64 = 0
    private var descriptor: Int32 = -1
    /// When the first byte of `current` came, in milliseconds since 1970.
    private var began: Int64 = 0
    /// Whether the rotated files are as few as the policy wants.
    private var isPruned = false
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

    /// What `current` may hold.
    var most: Int64 { min(policy.maximumSize.bytes, policy.maximumTotal?.bytes ?? .max) }

    /// Whole lines, unless an earlier write was cut off. `wall`: milliseconds since 1970.
    func append(_ bytes: UnsafeRawBufferPointer, at now: Moment, wall: Int64) {
        guard !bytes.isEmpty else { return }
        if let until = blockedUntil, now < until {
            lost += bytes.count
            return
        }
        do throws(SystemError) {
            if descriptor < 0 { try openCurrent(wall) }
            if size == 0 { began = wall }
            if size > 0, size + Int64(bytes.count) > most || isOld(wall) { try rotate(wall) }
            if !isPruned { prune(for: Int64(bytes.count)) }
            willWrite(size)
            if blockedUntil != nil { try resume() }
            try write(bytes)
        } catch {
            lost += bytes.count
            if blockedUntil == nil { report(.stopped(reason: "\(error)")) }
            blockedUntil = now + Self.tryAgainAfter
        }
    }

    /// Opens `current` before there is a line, so that it has a descriptor when one comes; whether it was closed before.
    /// Only a want of descriptors fails: everything else is told when a line cannot be written.
    func prepare(wall: Int64) throws(SystemError) -> Bool {
        guard descriptor < 0 else { return false }
        do throws(SystemError) {
            try openCurrent(wall)
            return true
        } catch {
            guard error.number == EMFILE || error.number == ENFILE else { return false }
            throw error
        }
    }

    /// Gives its descriptor back; the next line opens `current` again.
    func release() {
        guard descriptor >= 0 else { return }
        close(descriptor)
        descriptor = -1
    }

    private func isOld(_ wall: Int64) -> Bool {
        guard let age = policy.maximumAge else { return false }
        return wall - began >= age.milliseconds
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

    private func openCurrent(_ wall: Int64) throws(SystemError) {
        try Files.makeDirectory(directory, mode: 0o750)
        descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o640)
        guard descriptor >= 0 else { throw SystemError("opening '\(path)'") }
        guard !DescriptorReserve.includes(descriptor) else {
            close(descriptor)
            descriptor = -1
            throw SystemError("opening '\(path)'", EMFILE)
        }
        size = Int64(lseek(descriptor, 0, SEEK_END))
        let birth = linux_birth(descriptor)
        // A file system that does not know counts from now.
        began = birth >= 0 ? min(birth, wall) : wall
        isPruned = false
        var last: UInt8 = 0x0A
        if size > 0, pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 0x0A {
            // A supervisor died in the middle of a line.
            _ = Glibc.write(descriptor, "\n", 1)
            size += 1
        }
    }

    private func rotate(_ wall: Int64) throws(SystemError) {
        close(descriptor)
        descriptor = -1
        var stamp = wall
        while access("\(directory)/@\(stamp).log", F_OK) == 0 { stamp += 1 }
        guard rename(path, "\(directory)/@\(stamp).log") == 0 else { throw SystemError("rotating '\(path)'") }
        try openCurrent(wall)
        began = wall
    }

    /// Deletes the oldest rotated files until they are few enough, and leave room for a full `current`.
    private func prune(for incoming: Int64) {
        isPruned = true
        var names = LogFile.rotated(in: directory)[...]
        while names.count > max(policy.keep, 0) { unlink("\(directory)/\(names.removeFirst())") }
        guard let total = policy.maximumTotal else { return }
        let sizes = names.map { name -> Int64 in
            var status = stat()
            return lstat("\(directory)/\(name)", &status) == 0 ? Int64(status.st_size) : 0
        }
        var sum = sizes.reduce(max(most, size + incoming), +)
        for (name, size) in zip(names, sizes) where sum > total.bytes {
            unlink("\(directory)/\(name)")
            sum -= size
        }
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
