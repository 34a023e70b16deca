import Control
import CoreTypes
import Host
import Profiles
import SystemPackage

/// The processes of the nginx that is the front door.
struct NginxProcesses {
    let profile: Profile
    let host: any Host
    let supervisor: any SupervisorClient

    /// Those that serve, and those that only finish what they have. An nginx that does not run is worth another try: it
    /// is started again by whoever runs it.
    func workers() throws -> [RunningProcess] {
        guard let master = try master() else {
            throw OperatorError(
                doing: "look at nginx", because: "nginx is not running", next: "bedplate status", exit: .retry)
        }
        return try host.processes.children(of: master)
    }

    private func master() throws -> Int32? {
        switch profile.frontDoor.manager {
        case .supervisor:
            return try supervisor.status().instances.first { $0.name.description == StackCompiler.nginx }?.pid
        case .systemd:
            guard let text = try host.files.readIfPresent("/run/nginx.pid", limit: 64) else { return nil }
            return Int32(String(decoding: text.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
    }
}

extension RunningProcess {
    /// A worker of before a reload, which takes nothing new.
    var isShuttingDown: Bool { title.hasSuffix("is shutting down") }
}
