package import Host
package import SystemPackage

/// Files copied from elsewhere on this machine, byte for byte.
package struct CopyStep: Step {
    package let title: String
    private let copies: [Copy]

    package init(_ copies: [Copy], title: String) {
        self.copies = copies
        self.title = title
    }

    package struct Copy: Hashable, Sendable {
        package let from: FilePath
        package let to: FilePath
        package let mode: FilePermissions

        package init(from: FilePath, to: FilePath, mode: FilePermissions) {
            self.from = from
            self.to = to
            self.mode = mode
        }
    }

    /// The targets that are not what they should be.
    package struct Facts: Sendable {
        package var missing: Set<FilePath> = []
        package var different: Set<FilePath> = []
    }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts()
        for copy in copies {
            guard let target = try host.files.status(copy.to) else {
                facts.missing.insert(copy.to)
                continue
            }
            let source = try host.files.status(copy.from)
            guard target.kind == .file, target.mode == copy.mode, target.size == source?.size,
                try Self.haveSameContent(copy.from, copy.to, host.files)
            else {
                facts.different.insert(copy.to)
                continue
            }
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        copies.compactMap { copy in
            if facts.missing.contains(copy.to) { return Change(copy.to.string, "copy \(copy.from) to \(copy.to)") }
            guard facts.different.contains(copy.to) else { return nil }
            return Change(copy.to.string, "replace \(copy.to) by \(copy.from), which is different")
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        let folder: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        for copy in copies where copy.to.string == change.subject {
            let parent = copy.to.removingLastComponent()
            if try host.files.status(parent) == nil {
                try host.files.createDirectory(parent, mode: folder, owner: nil)
            }
            try host.files.copy(copy.from, to: copy.to, mode: copy.mode)
        }
    }

    /// By digest: a program of a hundred megabytes is not held in memory, let alone twice.
    private static func haveSameContent(_ a: FilePath, _ b: FilePath, _ files: any FileSystem) throws -> Bool {
        try files.sha256(of: a) == files.sha256(of: b)
    }
}
