import CArchive
import CoreTypes
import Glibc
import SystemPackage

/// libarchive, reading one archive that strangers made.
struct ArchiveReader: ~Copyable {
    private let archive: OpaquePointer
    private let file: CInt
    private let formats: [ArchiveFormat]
    private var entriesSeen = 0
    /// The archive's own size on disk.
    let size: Int64

    init(_ path: FilePath, formats: [ArchiveFormat]) throws(ArchiveError) {
        let file = open(path.string, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw .unreadable(path.string, errno: errno) }
        var status = stat()
        guard fstat(file, &status) == 0, let archive = archive_read_new() else {
            let code = errno
            close(file)
            throw .unreadable(path.string, errno: code)
        }
        self.archive = archive
        self.file = file
        self.formats = formats
        size = Int64(status.st_size)
    }

    /// Says which formats may come and looks for the first entry.
    func begin(limits: UnpackLimits) throws(ArchiveError) {
        guard size > 0 else { throw .empty }
        if formats.contains(.zip) {
            try refuseCrowdedDirectory(of: file, size: size, limit: limits.maximumFiles)
            // Only the seekable reader: it believes the central directory, the only place that tells a link from a
            // file, and what it cannot seek in is truncated.
            archive_read_support_format_zip_seekable(archive)
        }
        if formats.contains(.tarGzip) { archive_read_support_filter_gzip(archive) }
        if formats.contains(.tarZstd) { archive_read_support_filter_zstd(archive) }
        if formats.contains(.tarGzip) || formats.contains(.tarZstd) { archive_read_support_format_tar(archive) }
        guard archive_read_open_fd(archive, file, 256 << 10) == ARCHIVE_OK else { throw unrecognised() }
    }

    deinit {
        archive_read_free(archive)
        close(file)
    }

    /// The next entry, or `nil` after the last; valid until the next call.
    mutating func next() throws(ArchiveError) -> ArchiveEntry? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        if status == ARCHIVE_EOF { return nil }
        guard status == ARCHIVE_OK, let entry else {
            throw entriesSeen == 0 && status == ARCHIVE_FATAL ? unrecognised() : .corrupt(because: complaint())
        }
        entriesSeen += 1
        return ArchiveEntry(entry)
    }

    /// Calls `body` with each block of the entry's data and its offset in the file.
    func forEachBlock(
        _ body: (UnsafeRawBufferPointer, Int64) throws(ArchiveError) -> Void
    ) throws(ArchiveError) {
        while true {
            var start: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let status = archive_read_data_block(archive, &start, &count, &offset)
            if status == ARCHIVE_EOF { return }
            // A warning here is a wrong size or checksum: the bytes are not what was packed.
            guard status == ARCHIVE_OK else { throw .corrupt(because: complaint()) }
            try body(UnsafeRawBufferPointer(start: start, count: count), offset)
        }
    }

    private func complaint() -> String {
        archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be read"
    }

    private func unrecognised() -> ArchiveError {
        var magic: [UInt8] = [0, 0, 0, 0]
        guard formats.contains(.zip), pread(file, &magic, 4, 0) == 4 else { return .notAnArchive(expected: formats) }
        return switch magic {
        case [0x50, 0x4B, 3, 4]: .corrupt(because: "its directory is missing, as if it was cut off")
        case [0x50, 0x4B, 5, 6]: .noFiles
        default: .notAnArchive(expected: formats)
        }
    }
}
