package import Host
package import SystemPackage

/// A file or link of a package that is in our way.
package struct AbsenceStep: Step {
    package let title: String
    private let path: FilePath
    private let reason: String

    /// `reason`: completes "remove …,": `which answers on port 80`.
    package init(_ path: FilePath, because reason: String, title: String) {
        self.path = path
        self.reason = reason
        self.title = title
    }

    package func check(_ host: any Host) async throws -> Bool { try host.files.status(path) == nil }
    package func plan(_ facts: Bool) -> [Change] { facts ? [] : [Change(path.string, "remove \(path), \(reason)")] }
    package func apply(_ change: Change, to host: any Host) async throws { try host.files.remove(path) }
}
