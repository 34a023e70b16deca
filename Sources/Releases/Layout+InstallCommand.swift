package import Host
import SystemPackage

extension Layout {
    /// The command that puts the present build in place: on a machine of its own, or for a trial below one folder.
    package var installCommand: String { root == "/" ? "bedplate install" : "bedplate trial start --root \(root)" }
}
