import Host
import SystemPackage

extension FileSystem {
    /// Begins folders anew and fills them; when that fails, they are taken away again: what is half there helps nobody, and
    /// takes room that may be just what was missing.
    func filling(_ folders: [FilePath], _ body: () async throws -> Void) async throws {
        for folder in folders { try removeTree(folder) }
        do { try await body() } catch {
            for folder in folders {
                // What stays is taken away by the next run, before it begins.
                do { try removeTree(folder) } catch { continue }
            }
            throw error
        }
    }
}
