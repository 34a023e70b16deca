import Control
import CoreTypes
import Host
import Profiles
import SystemPackage

/// Loads what a release needs in its new environment, before anything of it runs.
struct BuildValidation {
    let folder: FilePath
    let environment: FilePath
    let manifest: ReleaseManifest
    let entryPoints: [EntryPoint]
    let requirements: PythonRequirements
    let commands: BuildCommands

    /// The warnings. A module that must load and does not is a problem, with its traceback.
    func run() async throws -> [String] {
        let plan = JSON.object([
            "critical": manifest.criticalModules.map { .array($0.map(JSON.string)) } ?? .null,
            "optional": .array(manifest.optionalModules.map(JSON.string)),
            "entry_points": .array(entryPoints.map { .string($0.description) }),
            "requirements": .string(requirements.path.string),
        ])
        let result = try await commands.run(
            [
                environment.appending("bin/python").string, "-B", "-c", Self.program,
                String(decoding: plan.bytes, as: UTF8.self),
            ], in: folder, timeout: .seconds(300))
        var warnings: [String] = []
        var current: String?
        for line in result.output.split(separator: "\n") {
            guard let said = try? JSON(parsing: Array(line.utf8)), let what = said["what"]?.stringValue else {
                continue
            }
            guard let trace = said["trace"]?.stringValue else {
                current = what
                continue
            }
            current = nil
            guard said["optional"]?.boolValue != true else {
                warnings.append("\(what) cannot be imported, and is optional: \(Self.lastLine(trace))")
                continue
            }
            throw DeployProblem(
                "\(what) does not load in the release's environment\n" + Self.quoted(trace),
                next: "correct the release and deploy it again; what it can do without is named as "
                    + "'requirements.optional' in its \(ReleaseManifest.fileName)")
        }
        guard result.status == .exited(0) else {
            let which = current.map { "loading \($0)" } ?? "loading the release"
            throw DeployProblem("\(which): Python \(result.status.sentence)\n" + Self.quoted(result.lastLines(15)))
        }
        return warnings
    }

    private static func quoted(_ text: String) -> String {
        text.split(separator: "\n").suffix(30).map { "    | \($0)" }.joined(separator: "\n")
    }

    private static func lastLine(_ text: String) -> String {
        text.split(separator: "\n").last.map(String.init) ?? "it said nothing"
    }

    private static let program = String(decoding: PackageResources.load_py, as: UTF8.self)
}
