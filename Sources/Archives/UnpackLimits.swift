/// How much an archive may turn into before unpacking stops.
package struct UnpackLimits: Sendable, Equatable {
    /// The bytes of all files together, as written, never as the archive's headers promise.
    package let maximumBytes: Int64
    /// Files and directories together: a directory costs an inode as well.
    package let maximumFiles: Int
    /// Bytes written for each byte of the archive.
    package let maximumRatio: Int

    /// Below this many bytes written the ratio is not judged: a page of spaces compresses a thousand times.
    static let ratioFloor: Int64 = 16 << 20

    package init(maximumBytes: Int64, maximumFiles: Int, maximumRatio: Int) {
        self.maximumBytes = maximumBytes
        self.maximumFiles = maximumFiles
        self.maximumRatio = maximumRatio
    }

    /// What a stranger's upload may become.
    package static let upload = UnpackLimits(maximumBytes: 2 << 30, maximumFiles: 100_000, maximumRatio: 200)
}
