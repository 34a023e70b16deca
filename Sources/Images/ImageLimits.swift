/// How much an image may make of us before reading it stops.
package struct ImageLimits: Sendable, Equatable {
    /// Files in the archive itself: blobs, documents, and three a layer in old archives.
    package var archiveFiles = 4096
    /// Docker itself stops at 127.
    package var layers = 512
    /// Of a manifest, an index or a configuration, in bytes.
    package var document = 4 << 20
    package var documents = 32 << 20
    /// Files, folders and links of all layers together.
    package var entries = 1_000_000
    /// What all layers unpack to, in bytes; never more than `ratio` times the archive, once it is above `ratioFloor`.
    package var bytes: Int64 = 16 << 30
    package var ratio: Int64 = 200
    package var ratioFloor: Int64 = 16 << 20
    /// Of a path, in bytes and in folders.
    package var pathBytes = 4096
    package var pathDepth = 256
    /// Of what lists packages, in bytes; the Python and npm ones are a file for each package.
    package var packageFile = 32 << 20
    package var packages = 200_000

    package init() {}
}
