import Glibc
package import Host
import Synchronization
package import SystemPackage

/// A flock(2) with its holder's pid in the file, for the sentence the next one reads.
final class LinuxLock: FileLock {
    private let descriptor: Mutex<Int32?>

    init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    deinit { release() }

    func release() {
        descriptor.withLock { held in
            // The file stays: removing it would let two processes lock two files of one name.
            if let held { close(held) }
            held = nil
        }
    }
}

extension LinuxFiles {
    package func lock(_ path: FilePath) throws -> any FileLock {
        let descriptor = try call("open", path) {
            open(path.string, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        do {
            do {
                try call("flock", path) { flock(descriptor, LOCK_EX | LOCK_NB) }
            } catch HostError.failed(_, _, .wouldBlock) {
                throw HostError.locked(path: path, holder: holder(written: descriptor))
            }
            let pid = Array("\(getpid())\n".utf8)
            try call("ftruncate", path) { ftruncate(descriptor, 0) }
            try call("write", path) { pwrite(descriptor, pid, pid.count, 0) }
        } catch {
            close(descriptor)
            throw error
        }
        return LinuxLock(descriptor)
    }

    private func holder(written descriptor: Int32) -> Int32? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
