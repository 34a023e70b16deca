import Foundation

/// A folder below the system's place for temporary files; it goes when the last one that uses it goes.
final class ScratchFolder {
    let url = FileManager.default.temporaryDirectory.appending(path: "probing-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }

    deinit {
        do { try FileManager.default.removeItem(at: url) } catch { print("cannot remove \(url.path()): \(error)") }
    }
}
