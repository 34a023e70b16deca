package import Host
package import SystemPackage

/// Files with their content, mode and owner. Never for secrets: their content is compared and may be shown.
package struct FileStep: Step {
    /// A file of ours is small; what is larger at its path is not it.
    private static let limit = 16 << 20

    package let title: String
    private let files: [File]

    package init(_ files: [File], title: String = "files") {
        self.title = title
        self.files = files
    }

    package struct File: Hashable, Sendable {
        package let path: FilePath
        package let content: String
        package let mode: FilePermissions
        /// `nil`: whoever runs the installer.
        package let owner: OwnerName?

        package init(
            _ path: FilePath, content: String, mode: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead],
            owner: OwnerName? = nil
        ) {
            self.path = path
            self.content = content
            self.mode = mode
            self.owner = owner
        }
    }

    package struct Facts: Sendable {
        package var found: [FilePath: FileStatus] = [:]
        /// Of regular files only.
        package var contents: [FilePath: String] = [:]
        package var owners: [OwnerName: Owner] = [:]

        package init() {}
    }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts()
        for file in files {
            let status = try host.files.status(file.path)
            facts.found[file.path] = status
            if let status, status.kind == .file, status.size <= Self.limit,
                let bytes = try host.files.readIfPresent(file.path, limit: Self.limit)
            {
                facts.contents[file.path] = String(decoding: bytes, as: UTF8.self)
            }
            if let owner = file.owner { facts.owners[owner] = try owner.resolve(on: host) }
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        files.compactMap { file in
            let path = file.path
            guard let found = facts.found[path] else {
                return Change(
                    path.string, "write \(path) (\(file.mode.octal))",
                    difference: difference(from: "", to: file.content))
            }
            guard found.kind == .file, facts.contents[path] == file.content else {
                return Change(
                    path.string, "replace \(path), which has another content",
                    difference: difference(from: facts.contents[path] ?? "", to: file.content))
            }
            guard found.mode == file.mode, file.owner.map({ facts.owners[$0] == found.owner }) ?? true else {
                let owner = file.owner.map { ", \($0)" } ?? ""
                return Change(path.string, "give \(path) its mode and owner back (\(file.mode.octal)\(owner))")
            }
            return nil
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        for file in files where file.path.string == change.subject {
            try host.files.replace(
                file.path, with: Array(file.content.utf8), mode: file.mode, owner: file.owner?.demand(on: host))
        }
    }
}

/// The lines that go, with `-`, and the lines that come, with `+`, in the order of the file.
func difference(from old: String, to new: String) -> [String] {
    let before = old.split(separator: "\n", omittingEmptySubsequences: false)
    let after = new.split(separator: "\n", omittingEmptySubsequences: false)
    var gone: [Int: Substring] = [:]
    var come: [Int: Substring] = [:]
    for change in after.difference(from: before) {
        switch change {
        case .remove(let offset, let line, _): gone[offset] = line
        case .insert(let offset, let line, _): come[offset] = line
        }
    }
    var lines: [String] = []
    var from = 0
    var to = 0
    while from < before.count || to < after.count {
        if let line = gone[from] {
            lines.append("-\(line)")
            from += 1
        } else if let line = come[to] {
            lines.append("+\(line)")
            to += 1
        } else {
            from += 1
            to += 1
        }
    }
    return lines.filter { $0 != "-" && $0 != "+" }
}
