import CLinux
import CoreTypes
import Glibc

/// The few things the supervisor does with whole files.
enum Files {
    /// The content; `nil` when there is no such file.
    static func read(_ path: String, limit: Int = 64 << 20) throws(SystemError) -> [UInt8]? {
        // A pipe that lies where a file should be holds nobody up.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw SystemError("reading '\(path)'")
        }
        defer { close(descriptor) }
        var status = stat()
        fstat(descriptor, &status)
        var bytes = [UInt8]()
        // Files of /proc say 0.
        var chunk = [UInt8](repeating: 0, count: min(max(Int(status.st_size) + 1, 4096), limit))
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("reading '\(path)'")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= limit else { throw SystemError("reading '\(path)'", EFBIG) }
        }
    }

    /// Replaces a file whole: a reader sees the old content or the new. `durable`: also after a power cut.
    static func replace(_ path: String, with bytes: [UInt8], mode: mode_t, durable: Bool) throws(SystemError) {
        try stage(path, with: bytes, mode: mode, durable: durable)
        try putStaged(path, durable: durable)
    }

    /// The first half of a replacement, in which all fails that can fail for want of room: the content is there under
    /// another name. `putStaged` gives it its own.
    static func stage(_ path: String, with bytes: [UInt8], mode: mode_t, durable: Bool) throws(SystemError) {
        let fresh = path + ".new"
        unlink(fresh)
        let descriptor = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw SystemError("writing '\(fresh)'") }
        do throws(SystemError) {
            try write(bytes, to: descriptor, named: fresh)
            if durable, fsync(descriptor) != 0 { throw SystemError("writing '\(fresh)'") }
        } catch {
            close(descriptor)
            unlink(fresh)
            throw error
        }
        close(descriptor)
    }

    static func putStaged(_ path: String, durable: Bool) throws(SystemError) {
        guard rename(path + ".new", path) == 0 else { throw SystemError("replacing '\(path)'") }
        if durable { try syncDirectory(of: path) }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, named path: String) throws(SystemError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("writing '\(path)'")
            }
            written += count
        }
    }

    private static func syncDirectory(of path: String) throws(SystemError) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let directory = open(String(path[...slash]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw SystemError("opening the directory of '\(path)'") }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw SystemError("syncing the directory of '\(path)'") }
    }

    /// Makes a directory and those above it; one that exists keeps its mode.
    static func makeDirectory(_ path: String, mode: mode_t) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        switch errno {
        case EEXIST: return
        case ENOENT:
            guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { break }
            try makeDirectory(String(path[..<slash]), mode: 0o755)
            if mkdir(path, mode) == 0 || errno == EEXIST { return }
        default: break
        }
        throw SystemError("making the directory '\(path)'")
    }

    /// The path of the running program, as it was when it started.
    static var ownProgram: String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
