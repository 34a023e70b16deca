import CoreTypes
import Host
import Provisioning
import SystemPackage

/// Where the parts of a trial are taken from: a checkout and the programs built from it.
struct TrialSource {
    /// Holds `bedplate`, `bedplated`, `bedplate-probe` and `cspm`.
    let programs: FilePath
    let checkout: FilePath

    var profiles: FilePath { checkout.appending("profiles") }

    /// Every file of the trial with the place it is copied to.
    func copies(to layout: Layout, on host: any Host) throws -> [CopyStep.Copy] {
        let executable: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        let data: FilePermissions = [.ownerReadWrite, .groupRead, .otherRead]
        var copies = [
            CopyStep.Copy(from: programs.appending("bedplate"), to: layout.bedplate, mode: executable),
            CopyStep.Copy(from: programs.appending("bedplated"), to: layout.bedplated, mode: executable),
            CopyStep.Copy(from: programs.appending("bedplate-probe"), to: layout.probe, mode: executable),
            CopyStep.Copy(
                from: programs.appending("cspm"), to: layout.application.appending("bin/cspm"), mode: executable),
        ]
        for (folder, target) in [
            (profiles, layout.shippedProfiles), (checkout.appending("web"), layout.application.appending("web")),
            (checkout.appending("packaging/python"), layout.programs.appending("python")),
        ] {
            for file in try Self.files(below: folder, on: host) {
                copies.append(CopyStep.Copy(from: folder.appending(file), to: target.appending(file), mode: data))
            }
        }
        return copies
    }

    /// The supervisor's unit, for a host that has no package of ours.
    func unit() -> CopyStep.Copy {
        CopyStep.Copy(
            from: checkout.appending("units/\(Installer.unit)"), to: Installer.unitFile,
            mode: [.ownerReadWrite, .groupRead, .otherRead])
    }

    /// Relative paths of the regular files below a folder.
    private static func files(below folder: FilePath, on host: any Host) throws -> [String] {
        try host.files.list(folder).flatMap { name -> [String] in
            switch try host.files.status(folder.appending(name))?.kind {
            case .directory: try files(below: folder.appending(name), on: host).map { "\(name)/\($0)" }
            case .file: [name]
            case .link, .other, nil: []
            }
        }
    }
}
