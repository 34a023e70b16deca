import Foundation

/// A folder below the system's place for temporary files; it goes when the last one that uses it goes.
final class ScratchFolder: Sendable {
    let path = NSTemporaryDirectory() + "platform-\(UUID().uuidString)"

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
