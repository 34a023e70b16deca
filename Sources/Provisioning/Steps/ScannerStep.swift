package import Host
package import SystemPackage

/// A scanner of somebody else, as one program: what was fetched and is known by its digest, or what is in it.
package struct ScannerStep: Step {
    package let title: String
    private let name: String
    private let version: String
    private let archive: FilePath
    private let sha256: String
    private let program: FilePath
    private let isPacked: Bool

    /// `isPacked`: the archive is a gzipped tar with a file of the scanner's name in it, and not the program itself.
    package init(
        _ name: String, version: String, archive: FilePath, sha256: String, program: FilePath, isPacked: Bool
    ) {
        title = "scanner \(name)"
        self.name = name
        self.version = version
        self.archive = archive
        self.sha256 = sha256
        self.program = program
        self.isPacked = isPacked
    }

    /// Says which archive a program came from.
    package static func stamp(of program: FilePath) -> FilePath {
        program.removingLastComponent().appending(".\(program.lastComponent?.string ?? "").sha256")
    }

    package enum Facts: Sendable {
        /// It is not there, or not of this archive.
        case absent
        case wrongMode
        case right
    }

    package func check(_ host: any Host) async throws -> Facts {
        let stamp = try host.files.readIfPresent(Self.stamp(of: program), limit: 4096)
        guard stamp == Array(sha256.utf8), let found = try host.files.status(program), found.kind == .file else {
            return .absent
        }
        return found.mode == Self.mode ? .right : .wrongMode
    }

    package func plan(_ facts: Facts) -> [Change] {
        switch facts {
        case .absent: [Change("install", "install \(name) \(version) as \(program)")]
        case .wrongMode: [Change("mode", "give \(program) its mode back (\(Self.mode.octal))")]
        case .right: []
        }
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        guard change.subject == "install" else { return try host.files.setMode(program, Self.mode) }
        if isPacked {
            let staging = program.removingLastComponent().appending(".\(name).staging")
            try await host.files.filling([staging]) {
                try host.files.createDirectory(staging, mode: FilePermissions(rawValue: 0o755), owner: nil)
                let unpacked = staging.appending(name)
                let unpack = Command(
                    "/usr/bin/tar", "-xzf", archive.string, "-C", staging.string, "--no-same-owner", name
                ).leaving([.file(unpacked.string)])
                try await host.processes.demand(unpack, doing: "unpack \(archive)", timeout: .seconds(600))
                try host.files.copy(unpacked, to: program, mode: Self.mode)
            }
            try host.files.removeTree(staging)
        } else {
            try host.files.copy(archive, to: program, mode: Self.mode)
        }
        try host.files.replace(
            Self.stamp(of: program), with: Array(sha256.utf8), mode: [.ownerReadWrite, .groupRead, .otherRead],
            owner: nil)
        // Last: a run that is killed before has it still, and one that is killed here has no need of it.
        try host.files.remove(archive)
    }

    private static let mode = FilePermissions(rawValue: 0o755)
}
