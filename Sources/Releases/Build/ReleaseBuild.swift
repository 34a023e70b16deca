import CoreTypes
import Host
import Profiles
import SystemPackage

/// Makes what a release needs besides itself: `builds/<digest>` with a link `venv`, the static pages in `dist`, and its
/// migration as the program `migrate`.
///
/// It is made beside and renamed when it is whole, so what has a release's name can be run from.
struct ReleaseBuild {
    private static let stagingPrefix = ".staging-"

    let profile: Profile
    let layout: Layout
    let host: any Host
    let commands: BuildCommands

    private var store: ReleaseStore { ReleaseStore(host: host, layout: layout) }
    private var environments: PythonEnvironments {
        PythonEnvironments(layout: layout, host: host, commands: commands, runtime: profile.runtimes.python)
    }

    /// Where a release's build is, or would be.
    func folder(of release: ReleaseID) -> FilePath { layout.builds.appending(release.description) }

    /// The environment of a release that is built and whole; `nil` for one without, too.
    func environment(of release: ReleaseID) throws -> FilePath? {
        let link = folder(of: release).appending("venv")
        guard try host.files.status(link)?.kind == .link else { return nil }
        return FilePath(try host.files.linkTarget(link))
    }

    func isWhole(_ release: ReleaseID) throws -> Bool {
        guard try host.files.status(folder(of: release)) != nil else { return false }
        guard let environment = try environment(of: release) else { return true }
        return try environments.isWhole(environment)
    }

    struct Outcome {
        /// `nil`: it has no requirements.
        var environment: PythonEnvironments.Environment?
        /// Whether all of it was there already.
        var isReused = false
    }

    func make(_ release: ReleaseID, _ manifest: ReleaseManifest, _ requirements: PythonRequirements?) async throws
        -> Outcome
    {
        if try isWhole(release) {
            let environment = try environment(of: release)
            return Outcome(
                environment: environment.map { .init(path: $0, isReused: true) }, isReused: true)
        }
        try sweep()
        var outcome = Outcome()
        if let requirements { outcome.environment = try await environments.environment(for: requirements) }
        let staging = layout.builds.appending("\(Self.stagingPrefix)\(release.short).\(host.wallTime())")
        try host.files.createDirectory(layout.builds, mode: FilePermissions(rawValue: 0o755), owner: nil)
        let result = staging.appending("result")
        try host.files.createDirectory(result, mode: FilePermissions(rawValue: 0o755), owner: nil)
        let pages = PageBuild(release: release, manifest: manifest, store: store, commands: commands, host: host)
        try await pages.make(at: result.appending("dist"), scratch: staging.appending("work"))
        try host.files.replace(
            result.appending("migrate"), with: Array(try migration(of: release, manifest).utf8),
            mode: FilePermissions(rawValue: 0o555), owner: nil)
        if let environment = outcome.environment {
            try host.files.createLink(result.appending("venv"), to: environment.path.string)
        }
        try host.files.removeTree(folder(of: release))
        try host.files.rename(result, to: folder(of: release))
        try host.files.removeTree(staging)
        return outcome
    }

    /// The release's migration as a program, for the profile's process that runs it with the application's secrets.
    private func migration(of release: ReleaseID, _ manifest: ReleaseManifest) throws -> String {
        let placeholders = Placeholders(
            process: try ProcessName("migrate"),
            values: [
                "release": store.directory(of: release).string, "build": folder(of: release).string,
                "programs": layout.programs.string, "data": layout.data.string, "logs": layout.logs.string,
                "run": layout.run.string,
            ])
        let words = try manifest.migrate.map(placeholders.resolve).map { word in
            "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: #"'\''"#) + "'"
        }
        return "#!/bin/sh\n" + (words.isEmpty ? "exit 0\n" : "exec \(words.joined(separator: " "))\n")
    }

    /// Removes the builds of all releases but these, and the environments that no build is left for.
    func collect(keeping releases: Set<ReleaseID>) throws {
        if try host.files.status(layout.builds) != nil {
            for name in try host.files.list(layout.builds) {
                guard let release = try? ReleaseID(name), !releases.contains(release) else { continue }
                try host.files.removeTree(folder(of: release))
            }
        }
        try sweep()
        try environments.sweep(keeping: Set(releases.compactMap { try environment(of: $0) }))
    }

    /// Removes what a deploy that was stopped left behind.
    private func sweep() throws {
        guard try host.files.status(layout.builds) != nil else { return }
        for name in try host.files.list(layout.builds) where name.hasPrefix(Self.stagingPrefix) {
            let path = layout.builds.appending(name)
            // What is still written to, by a build whose deploy was killed, is left for the next time.
            do { try host.files.removeTree(path) } catch HostError.failed(_, _, .directoryNotEmpty) { continue }
        }
    }
}
