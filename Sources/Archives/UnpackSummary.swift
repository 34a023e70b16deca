/// What unpacking wrote.
package struct UnpackSummary: Sendable, Equatable {
    /// Regular files; directories are not counted here.
    package var files: Int
    package var bytes: Int64

    package init(files: Int = 0, bytes: Int64 = 0) {
        self.files = files
        self.bytes = bytes
    }
}
