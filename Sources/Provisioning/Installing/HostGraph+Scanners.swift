import CoreTypes
import Host
import Profiles
import SystemPackage

extension HostGraph {
    /// Where pip looks, before the profile's mirrors.
    private static let index = "https://pypi.org/simple"

    /// The scanners of the profile, each below the runtimes. `python`: the steps after which there is one.
    mutating func addScanners(after positions: Set<Int>, python: Set<Int>, architecture: String) throws -> Set<Int> {
        guard !profile.scanners.isEmpty else { return [] }
        let folder = layout.runtimes.appending("scanners")
        let laid = graph.add(
            DirectoryStep([.init(folder, mode: FilePermissions(rawValue: 0o755))], title: "folder of scanners"),
            after: positions)
        var added: Set<Int> = []
        for scanner in profile.scanners {
            let name = scanner.archive(for: architecture)
            guard let pinned = profile.catalogue.archives[name] else {
                throw OperatorError(
                    doing: "install \(scanner.rawValue)", because: "the profile has no archive '\(name)'",
                    next: "add archives.\(name) with uri and sha256", exit: .usage)
            }
            let address = profile.catalogue.mirrored(pinned.uri)
            let file = FilePath(pinned.uri).lastComponent?.string ?? scanner.rawValue
            // pip reads the name of a wheel.
            let archive = folder.appending(scanner == .prowler ? file : "\(scanner.rawValue).fetched")
            let version = pinned.version ?? "(\(file))"
            let program = folder.appending(scanner.rawValue)
            let environment = layout.runtimes.appending("venv-prowler")
            let isProwler = scanner == .prowler
            let stamp = isProwler ? PythonStep.stamp(in: environment) : ScannerStep.stamp(of: program)
            let fetched = graph.add(
                ArchiveStep(
                    scanner.rawValue, address: address, sha256: pinned.sha256, path: archive, unlessUnpacked: stamp,
                    to: isProwler ? environment.appending("bin/prowler") : program), after: [laid])
            let step: any Step =
                isProwler
                ? ProwlerStep(
                    version: version, wheel: archive, sha256: pinned.sha256, python: pythonEnvironment,
                    environment: environment, index: profile.catalogue.mirrored(Self.index))
                : ScannerStep(
                    scanner.rawValue, version: version, archive: archive, sha256: pinned.sha256, program: program,
                    isPacked: file.hasSuffix(".tar.gz"))
            added.insert(graph.add(step, after: isProwler ? python.union([fetched]) : [fetched]))
        }
        return added
    }

    /// The interpreter of the environment that the Python step makes.
    private var pythonEnvironment: FilePath {
        layout.runtimes.appending("venv-\(profile.runtimes.python?.version ?? "")/bin/python")
    }
}
