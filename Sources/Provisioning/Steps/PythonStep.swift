package import Host
package import SystemPackage

/// A Python with a virtual environment, whichever way it comes: making one proves that venv and pip work.
package struct PythonStep: Step {
    package let title = "python"
    private let source: Source
    private let environment: FilePath

    package enum Source: Sendable {
        /// The interpreter of the distribution's packages.
        case program(FilePath)
        /// An archive with its digest, unpacked to a folder; the interpreter is at `bin/python3` below it.
        case archive(FilePath, sha256: String, folder: FilePath)
        /// The sources with their digest, built into a folder; the interpreter is at `bin/python3` below it.
        case sources(FilePath, sha256: String, folder: FilePath)

        /// What is unpacked or built, and where.
        fileprivate var built: (archive: FilePath, sha256: String, folder: FilePath)? {
            switch self {
            case .program: nil
            case .archive(let archive, let sha256, let folder): (archive, sha256, folder)
            case .sources(let archive, let sha256, let folder): (archive, sha256, folder)
            }
        }
    }

    /// Debian's packages that its sources are built with, besides build-essential and libffi-dev.
    package static let buildPackages = [
        "libbz2-dev", "liblzma-dev", "libncurses-dev", "libreadline-dev", "libsqlite3-dev", "libssl-dev", "uuid-dev",
        "zlib1g-dev",
    ]

    package init(_ source: Source, environment: FilePath) {
        self.source = source
        self.environment = environment
    }

    package struct Facts: Sendable {
        package var isUnpacked: Bool
        package var hasEnvironment: Bool
    }

    /// Says which archive was unpacked.
    package static func stamp(in folder: FilePath) -> FilePath { folder.appending(".bedplate-sha256") }

    package func check(_ host: any Host) async throws -> Facts {
        var facts = Facts(
            isUnpacked: true, hasEnvironment: try host.files.status(environment.appending("bin/pip")) != nil)
        if let built = source.built {
            let stamp = try host.files.readIfPresent(Self.stamp(in: built.folder), limit: 4096)
            facts.isUnpacked = stamp.map { String(decoding: $0, as: UTF8.self) == built.sha256 } ?? false
            // An environment is made of links into the one it was made with.
            facts.hasEnvironment = facts.hasEnvironment && facts.isUnpacked
        }
        return facts
    }

    package func plan(_ facts: Facts) -> [Change] {
        var changes: [Change] = []
        if !facts.isUnpacked {
            switch source {
            case .program: break
            case .archive(let archive, _, let folder):
                changes.append(Change("unpack", "unpack \(archive) to \(folder)"))
            case .sources(let archive, _, let folder):
                changes.append(Change("build", "build \(archive) into \(folder), which takes some minutes"))
            }
        }
        if !facts.hasEnvironment {
            changes.append(Change("environment", "make the virtual environment \(environment), with pip"))
        }
        return changes
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        switch (change.subject, source) {
        case ("unpack", .archive(let archive, let sha256, let folder)):
            try await unpack(archive, sha256, to: folder, on: host)
        case ("build", .sources(let archive, let sha256, let folder)):
            try await build(archive, sha256, into: folder, on: host)
        default: try await makeEnvironment(on: host)
        }
    }

    private func unpack(_ archive: FilePath, _ sha256: String, to folder: FilePath, on host: any Host) async throws {
        let staging = folder.removingLastComponent().appending(".\(folder.lastComponent?.string ?? "").staging")
        try await host.files.filling([staging]) {
            try host.files.createDirectory(staging, mode: FilePermissions(rawValue: 0o755), owner: nil)
            let command = Command(
                "/usr/bin/tar", "-xzf", archive.string, "-C", staging.string, "--strip-components=1", "--no-same-owner"
            ).leaving([.file(staging.appending("bin/python3").string)])
            try await host.processes.demand(command, doing: "unpack \(archive)", timeout: .seconds(600))
            try host.files.replace(
                Self.stamp(in: staging), with: Array(sha256.utf8), mode: [.ownerReadWrite, .groupRead, .otherRead],
                owner: nil)
            try host.files.removeTree(folder)
            // Before the new folder has its name: a run that is killed in between fetches the archive again.
            try host.files.remove(archive)
            try host.files.rename(staging, to: folder)
        }
    }

    /// It is built for the folder it is in, so it cannot be moved there when it is whole: the stamp comes last, and one
    /// without it is built again.
    private func build(_ archive: FilePath, _ sha256: String, into folder: FilePath, on host: any Host) async throws {
        let sources = folder.removingLastComponent().appending(".\(folder.lastComponent?.string ?? "").sources")
        try await host.files.filling([sources, folder]) {
            try host.files.createDirectory(sources, mode: FilePermissions(rawValue: 0o755), owner: nil)
            let unpack = Command(
                "/usr/bin/tar", "-xf", archive.string, "-C", sources.string, "--strip-components=1", "--no-same-owner"
            ).leaving([.directory(sources.string)])
            try await host.processes.demand(unpack, doing: "unpack \(archive)", timeout: .seconds(600))
            let script = """
                cd "$1"
                ./configure --prefix="$2" --with-ensurepip=install
                make -j"$(nproc)"
                make install
                """
            let make = Command("/bin/sh", "-ec", script, "sh", sources.string, folder.string).leaving([
                .file(folder.appending("bin/python3").string)
            ])
            try await host.processes.demand(make, doing: "build \(archive)", timeout: .seconds(7200))
            try host.files.replace(
                Self.stamp(in: folder), with: Array(sha256.utf8), mode: [.ownerReadWrite, .groupRead, .otherRead],
                owner: nil)
        }
        try host.files.remove(archive)
        try host.files.removeTree(sources)
    }

    private func makeEnvironment(on host: any Host) async throws {
        let python: FilePath =
            switch source {
            case .program(let path): path
            case .archive(_, _, let folder), .sources(_, _, let folder): folder.appending("bin/python3")
            }
        try await host.files.filling([environment]) {
            let make = Command(python, "-m", "venv", environment.string).leaving([
                .file(environment.appending("bin/python").string)
            ])
            try await host.processes.demand(
                make, doing: "make the virtual environment \(environment)", timeout: .seconds(300))
            // pip comes with ensurepip, which Debian packages apart: what is there must also run.
            let pip = Command(environment.appending("bin/python"), "-m", "pip", "--version").leaving([
                .file(environment.appending("bin/pip").string)
            ])
            try await host.processes.demand(pip, doing: "use pip of \(environment)", timeout: .seconds(120))
        }
    }
}
