import CArchive
import COpenSSL

/// A tar written by hand, so that its names, links and modes may be anything.
package struct Tar {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// `type` as ustar has it: `0` a file, `1` a hard link, `2` a symbolic link, `3` a device, `5` a folder.
    package mutating func add(
        _ name: String, _ content: [UInt8] = [], mode: Int = 0o644, type: Character = "0", target: String = ""
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: String, at offset: Int) {
            header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
        }
        func octal(_ value: Int, _ width: Int) -> String {
            let digits = String(value, radix: 8)
            return String(repeating: "0", count: width - digits.count) + digits
        }
        // A prefix and a name, parted at a slash, hold what is too long for the name alone (POSIX.1-1988 ustar).
        var prefix = ""
        var rest = name
        while rest.utf8.count > 100, let slash = rest.firstIndex(of: "/") {
            prefix += (prefix.isEmpty ? "" : "/") + rest[..<slash]
            rest = String(rest[rest.index(after: slash)...])
        }
        put(rest, at: 0)
        put(octal(mode, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        put(octal(content.count, 11), at: 124)
        put(octal(0, 11), at: 136)
        put("        ", at: 148)
        header[156] = type.asciiValue!
        put(target, at: 157)
        put("ustar\0" + "00", at: 257)
        put(prefix, at: 345)
        put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0", at: 148)
        bytes += header + content + [UInt8](repeating: 0, count: (512 - content.count % 512) % 512)
    }

    package mutating func add(_ name: String, _ text: String, mode: Int = 0o644) {
        add(name, Array(text.utf8), mode: mode)
    }

    /// With its end.
    package var closed: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }
}

/// 64 digits.
package func sha256(_ bytes: [UInt8]) -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha256(), nil)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

package enum Filter: CaseIterable, Sendable {
    case none, gzip, zstd

    /// The bytes as libarchive compresses them.
    package func packed(_ bytes: [UInt8]) -> [UInt8] {
        guard self != .none, let archive = archive_write_new(), let entry = archive_entry_new() else { return bytes }
        defer {
            archive_entry_free(entry)
            archive_write_free(archive)
        }
        archive_write_set_format_raw(archive)
        if self == .gzip { archive_write_add_filter_gzip(archive) } else { archive_write_add_filter_zstd(archive) }
        archive_write_set_bytes_in_last_block(archive, 1)
        var result = [UInt8](repeating: 0, count: bytes.count + (1 << 16))
        var used = 0
        archive_write_open_memory(archive, &result, result.count, &used)
        archive_entry_set_filetype(entry, 0o100000)
        archive_write_header(archive, entry)
        archive_write_data(archive, bytes, bytes.count)
        archive_write_close(archive)
        return Array(result[..<used])
    }
}
