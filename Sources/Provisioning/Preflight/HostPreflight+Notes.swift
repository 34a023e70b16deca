import Host
import Profiles
import SystemPackage

extension HostPreflight {
    /// What is not as it could be and stands in nobody's way.
    func notes(_ host: any Host) throws -> [Preflight.Finding] {
        var notes: [Preflight.Finding] = []
        if profile.docker != nil, try host.files.status(DockerStep.socket) == nil {
            notes.append(.warning("Docker is not here: containers are not scanned"))
        }
        if profile.services.store == .mongodb {
            let wrong = try HostGraph.mongoSettings.filter { setting in
                guard let value = try host.kernel.value(at: setting.path) else { return false }
                return value != setting.value && !host.kernel.canChange(setting.path)
            }
            if !wrong.isEmpty {
                let paths = wrong.map(\.path.string).joined(separator: ", ")
                notes.append(
                    .warning("\(paths) cannot be changed here, and are not what MongoDB's production notes ask for"))
            }
        }
        return notes
    }
}
