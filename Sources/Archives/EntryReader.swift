import CArchive
import Glibc

/// Reads an archive entry by entry from whatever gives its bytes, and writes nothing anywhere.
///
/// The content of the entry at hand is a source of bytes itself: an archive inside of an archive is read as it streams by.
/// Names are as the archive has them; whoever uses them judges them. All of it runs within `withArchiveNames`.
package final class EntryReader: ByteSource {
    package enum Packing: Sendable {
        /// A tar as it is.
        case tar
        /// A tar as it is, in gzip or in zstd.
        case compressedTar
        /// Any bytes, or what gzip or zstd has made of them: one entry without a name.
        case bytes
        /// A ZIP, read from front to back: its directory, at the end, is not looked at.
        case zip
    }

    /// gzip or zstd once, and the source itself: what is packed more often grows in between, where nobody counts.
    private static let mostFilters: CInt = 2

    private let archive: OpaquePointer
    private let source: any ByteSource
    /// What the source threw while libarchive asked it.
    private var failure: (any Error)?
    /// Where the next byte of the current entry is expected.
    private var position: Int64 = 0

    package init(_ source: any ByteSource, as packing: Packing) throws {
        guard let archive = archive_read_new() else { throw ArchiveError.corrupt(because: "no memory to read it") }
        self.archive = archive
        self.source = source
        switch packing {
        case .tar: archive_read_support_format_tar(archive)
        case .compressedTar:
            archive_read_support_format_tar(archive)
            Self.decompress(archive)
        case .bytes:
            archive_read_support_format_raw(archive)
            Self.decompress(archive)
        case .zip: archive_read_support_format_zip_streamable(archive)
        }
        archive_read_set_callback_data(archive, Unmanaged.passUnretained(self).toOpaque())
        archive_read_set_read_callback(archive) { archive, context, start in
            let reader = Unmanaged<EntryReader>.fromOpaque(context!).takeUnretainedValue()
            do {
                let piece = try reader.source.next()
                start?.pointee = piece?.baseAddress
                return piece?.count ?? 0
            } catch {
                reader.failure = error
                cspm_archive_fail(archive)
                return -1
            }
        }
        guard archive_read_open1(archive) == ARCHIVE_OK else { throw complaint() }
        guard archive_filter_count(archive) <= Self.mostFilters else {
            throw ArchiveError.corrupt(because: "it is compressed more than once")
        }
    }

    deinit { archive_read_free(archive) }

    private static func decompress(_ archive: OpaquePointer) {
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_zstd(archive)
    }

    /// The next entry; what was not read of the one before is passed over. `nil` after the last.
    package func nextEntry() throws -> ListedEntry? {
        var entry: OpaquePointer?
        let status = archive_read_next_header(archive, &entry)
        position = 0
        if status == ARCHIVE_EOF { return nil }
        // A warning is about what we do not use, such as the name of an owner.
        guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else { throw complaint() }
        return ListedEntry(entry)
    }

    package func next() throws -> UnsafeRawBufferPointer? {
        var start: UnsafeRawPointer?
        var count = 0
        var offset: la_int64_t = 0
        repeat {
            let status = archive_read_data_block(archive, &start, &count, &offset)
            if status == ARCHIVE_EOF { return nil }
            // A warning here is a wrong size or checksum: the bytes are not what was packed.
            guard status == ARCHIVE_OK else { throw complaint() }
            // Where a sparse file has a hole, nothing stands for it: the bytes would not be the file's.
            guard offset == position else { throw SparseContent() }
            position += Int64(count)
        } while count == 0
        return UnsafeRawBufferPointer(start: start, count: count)
    }

    private func complaint() -> any Error {
        defer { failure = nil }
        if let failure { return failure }
        return ArchiveError.corrupt(
            because: archive_error_string(archive).map { String(cString: $0) } ?? "it cannot be read")
    }
}

/// An entry has holes; its bytes alone are not its content.
package struct SparseContent: Error {}
