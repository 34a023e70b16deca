import Control
import CoreTypes
import Host
import Profiles
import SystemPackage

/// The static pages of a release: as it brings them, or as its `package.json` or its own commands make them.
struct PageBuild {
    let release: ReleaseID
    let manifest: ReleaseManifest
    let store: ReleaseStore
    let commands: BuildCommands
    let host: any Host

    private var folder: FilePath { store.directory(of: release) }

    /// Puts the pages at `target`, if it has any. `scratch`: an empty place for a copy that commands may write to.
    func make(at target: FilePath, scratch: FilePath) async throws {
        var source = folder
        let steps = try steps()
        if !steps.isEmpty {
            source = scratch
            let tree = try ReleaseTree(at: folder, on: host.files)
            try tree.copy(to: scratch, on: host.files, isWritable: true)
            try await commands.handOver(scratch)
            for step in steps { try await commands.demand(step, in: scratch, timeout: .seconds(1800)) }
        }
        let pages = source.appending(manifest.build.pages)
        guard try host.files.status(pages)?.kind == .directory else {
            guard steps.isEmpty else {
                throw DeployProblem(
                    "'\(steps.last?.joined(separator: " ") ?? "")' made no folder '\(manifest.build.pages)'",
                    next: "name the folder as 'build.pages' in the release's \(ReleaseManifest.fileName)")
            }
            return
        }
        try ReleaseTree(at: pages, on: host.files).copy(to: target, on: host.files)
    }

    /// The commands that make the pages; none when they are there.
    private func steps() throws -> [[String]] {
        if !manifest.build.commands.isEmpty { return manifest.build.commands }
        let description = folder.appending("package.json")
        guard try host.files.status(folder.appending(manifest.build.pages)) == nil,
            let bytes = try host.files.readIfPresent(description, limit: 1 << 20)
        else { return [] }
        let package: JSON
        do { package = try JSON(parsing: bytes) } catch { throw DeployProblem("package.json is not JSON: \(error)") }
        guard package["scripts"]?["build"]?.stringValue != nil else { return [] }
        func has(_ name: String) throws -> Bool { try host.files.status(folder.appending(name)) != nil }
        let needsPackages = ["dependencies", "devDependencies"].contains { key in
            if case .object(let members)? = package[key] { !members.isEmpty } else { false }
        }
        if try has("yarn.lock") {
            return (needsPackages ? [["yarn", "install", "--frozen-lockfile"]] : []) + [["yarn", "run", "build"]]
        }
        let install = try has("package-lock.json") ? "ci" : "install"
        return (needsPackages ? [["npm", install, "--no-audit", "--no-fund"]] : []) + [["npm", "run", "build"]]
    }
}
