import Host
import SystemPackage

extension FileSystem {
    /// The path without symbolic links, as far as it exists: a root has one name, whichever way an operator came to it.
    func canonical(_ path: FilePath) throws -> FilePath {
        var waiting = Array(path.components.reversed())
        var found: FilePath = "/"
        var links = 0
        while let component = waiting.popLast() {
            switch component.kind {
            case .currentDirectory: continue
            case .parentDirectory: found.removeLastComponent()
            case .regular:
                let next = found.appending(component)
                guard try status(next)?.kind == .link else {
                    found = next
                    continue
                }
                links += 1
                // As many as the kernel follows (path_resolution(7)).
                guard links <= 40 else {
                    throw HostError.failed(call: "open", path: path, errno: .tooManySymbolicLinkLevels)
                }
                let target = FilePath(try linkTarget(next))
                if target.isAbsolute { found = "/" }
                waiting += target.components.reversed()
            }
        }
        return found
    }
}
