import CArchive
import Glibc
import SystemPackage
import Testing

/// An honest archive, compressed by libarchive's own writer.
struct PackedArchive {
    enum Kind { case zip, encryptedZIP, tarGzip, tarZstd }

    struct Entry {
        let name: String
        var data: [UInt8] = []
        var type: mode_t = S_IFREG
        var mode: mode_t = 0o644
        var target: String?
    }

    static func write(_ entries: [Entry], as kind: Kind, to path: FilePath) throws {
        let archive = try #require(archive_write_new())
        defer { archive_write_free(archive) }
        switch kind {
        case .zip: archive_write_set_format_zip(archive)
        case .encryptedZIP:
            archive_write_set_format_zip(archive)
            archive_write_set_options(archive, "zip:encryption=zipcrypt")
            archive_write_set_passphrase(archive, "open")
        case .tarGzip:
            archive_write_set_format_pax(archive)
            archive_write_add_filter_gzip(archive)
        case .tarZstd:
            archive_write_set_format_pax(archive)
            archive_write_add_filter_zstd(archive)
        }
        try #require(archive_write_open_filename(archive, path.string) == ARCHIVE_OK)
        for item in entries {
            let entry = try #require(archive_entry_new())
            defer { archive_entry_free(entry) }
            archive_entry_set_pathname(entry, item.name)
            archive_entry_set_filetype(entry, UInt32(item.type))
            archive_entry_set_perm(entry, item.mode)
            if let target = item.target {
                if item.type == S_IFLNK {
                    archive_entry_set_symlink(entry, target)
                } else {
                    archive_entry_set_hardlink(entry, target)
                }
            }
            archive_entry_set_size(entry, Int64(item.data.count))
            try #require(archive_write_header(archive, entry) == ARCHIVE_OK)
            let written = archive_write_data(archive, item.data, item.data.count)
            try #require(written == item.data.count)
        }
        try #require(archive_write_close(archive) == ARCHIVE_OK)
    }
}
