package import CoreTypes
import FoundationEssentials
import Glibc
package import SystemPackage

/// The folder that all programs of the platform share: databases, uploads, workspaces.
package struct DataFolder: Sendable {
    package let path: FilePath

    package init(path: FilePath) { self.path = path }

    package var store: FilePath { path.appending("store.sqlite") }
    package var queue: FilePath { path.appending("queue.sqlite") }
    package var traffic: FilePath { path.appending("traffic.sqlite") }
    package var uploads: FilePath { path.appending("uploads") }
    package var workspaces: FilePath { path.appending("workspaces") }

    /// Whatever it holds: the name is from when only ZIPs came, and old and new slots share the folder.
    package func upload(_ id: ScanID) -> FilePath { uploads.appending("\(id).zip") }
    package func partialUpload(_ id: ScanID) -> FilePath { uploads.appending("\(id).part") }
    package func workspace(_ id: ScanID) -> FilePath { workspaces.appending(id.description) }

    /// Makes the folders that are missing, for this account only.
    package func create() throws(OperatorError) {
        for folder in [path, uploads, workspaces] {
            do {
                try createTree(folder)
            } catch {
                throw OperatorError(
                    doing: "use the data folder \(path)", because: "\(folder) cannot be created", cause: error)
            }
        }
        guard access(path.string, R_OK | W_OK | X_OK) == 0 else {
            throw OperatorError(
                doing: "use the data folder \(path)", because: "this account may not write there",
                next: "give the folder to the account that runs the platform")
        }
    }

    package func contains(_ path: FilePath) -> Bool { access(path.string, F_OK) == 0 }

    /// Makes one folder and those above it that are missing, for this account only.
    package func createTree(_ path: FilePath) throws {
        try FileManager.default.createDirectory(
            atPath: path.string, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    /// Removes what a finished scan left on disk; what is not there is fine.
    package func removeFiles(of id: ScanID) {
        removeTree(workspace(id))
        removeTree(upload(id))
    }

    /// Removes a file or a folder with everything in it; what is not there is fine.
    package func removeTree(_ path: FilePath) {
        try? FileManager.default.removeItem(atPath: path.string)
    }
}
