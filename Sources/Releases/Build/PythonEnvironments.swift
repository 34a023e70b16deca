import CoreTypes
import Host
import Profiles
import SystemPackage

/// Python environments, each made once for a set of requirements and an interpreter, and never changed afterwards.
///
/// Scripts in an environment name its path, so it is made where it stays, under a name of its own: a build that was killed
/// may leave a pip that goes on writing, and it writes where nobody looks. A stamp, written last, says that it is whole.
struct PythonEnvironments {
    private static let stamp = ".bedplate-complete"

    let layout: Layout
    let host: any Host
    let commands: BuildCommands
    let runtime: Runtimes.Python?

    struct Environment {
        let path: FilePath
        /// Whether it was there already.
        let isReused: Bool
    }

    /// The environment of these requirements.
    func environment(for requirements: PythonRequirements) async throws -> Environment {
        let python = try interpreter()
        let version = try await commands.run(
            [python.string, "-c", "import sys; print(sys.version)"], in: "/", timeout: .seconds(30))
        guard version.status == .exited(0) else {
            throw DeployProblem("\(python) \(version.status.sentence): \(version.lastLines(3))")
        }
        let key = requirements.key(python: "\(python)\n\(version.output)")
        if let path = try whole().first(where: { $0.lastComponent?.string.hasPrefix(key) ?? false }) {
            return Environment(path: path, isReused: true)
        }
        let path = layout.environments.appending("\(key).\(host.wallTime())")
        try host.files.createDirectory(
            layout.environments, mode: FilePermissions(rawValue: 0o755), owner: nil)
        try commands.makeFolder(path)
        do { try await make(path, with: python, requirements) } catch {
            try host.files.removeTree(path)
            throw error
        }
        return Environment(path: path, isReused: false)
    }

    /// Removes what was never finished, and what none of these links to. An environment is small change beside a
    /// mistake: what cannot be removed now, as a killed build's pip still writes there, is left for the next time.
    func sweep(keeping used: Set<FilePath>) throws {
        guard try host.files.status(layout.environments) != nil else { return }
        for name in try host.files.list(layout.environments) {
            let path = layout.environments.appending(name)
            guard !used.contains(path) else { continue }
            do { try host.files.removeTree(path) } catch HostError.failed(_, _, .directoryNotEmpty) { continue }
        }
    }

    func isWhole(_ path: FilePath) throws -> Bool { try host.files.status(path.appending(Self.stamp)) != nil }

    private func whole() throws -> [FilePath] {
        guard try host.files.status(layout.environments) != nil else { return [] }
        return try host.files.list(layout.environments).map { layout.environments.appending($0) }.filter(isWhole)
    }

    private func make(_ path: FilePath, with python: FilePath, _ requirements: PythonRequirements) async throws {
        try await commands.demand([python.string, "-m", "venv", path.string], in: path, timeout: .seconds(300))
        try await commands.demand(
            [
                path.appending("bin/python").string, "-m", "pip", "install", "--no-input", "--quiet",
                "--disable-pip-version-check",
            ] + requirements.arguments, in: requirements.path.removingLastComponent(), timeout: .seconds(1800))
        try await commands.seal(path)
        try host.files.replace(
            path.appending(Self.stamp), with: [], mode: [.ownerRead, .groupRead, .otherRead], owner: nil)
    }

    /// The series that the profile names, as an installation provides it.
    private func interpreter() throws -> FilePath {
        guard let version = runtime?.version else { return "/usr/bin/python3" }
        let candidates: [FilePath] = [
            layout.runtimes.appending("python-\(version)/bin/python3"), FilePath("/usr/bin/python\(version)"),
            FilePath("/usr/local/bin/python\(version)"),
        ]
        if let found = try candidates.first(where: { try host.files.status($0) != nil }) { return found }
        throw DeployProblem(
            "there is no Python \(version) at \(candidates.map(\.string).joined(separator: ", "))",
            next: layout.root == "/"
                ? "run '\(layout.installCommand)', which installs it"
                : "run '\(layout.installCommand) --set runtimes.python.version=3.x' with the version of this machine"
        )
    }
}
