/// A kind of archive a caller may accept.
package enum ArchiveFormat: String, Sendable, CaseIterable {
    case zip
    case tarGzip = "tar.gz"
    case tarZstd = "tar.zst"
}
