package import Host
package import Profiles

extension Profile {
    /// The databases of MongoDB that the application's user may use.
    var mongoDatabases: [String] { services.databases.isEmpty ? [name] : services.databases }

    var redisServer: RotationStep.Server { .redis(port: HostGraph.redisPort) }
    var mongoServer: RotationStep.Server {
        .mongo(port: HostGraph.mongoPort, application: name, databases: mongoDatabases)
    }

    /// The servers of this host whose passwords are secrets of ours.
    var passwordedServers: [RotationStep.Server] {
        (services.queue == .redis ? [redisServer] : []) + (services.store == .mongodb ? [mongoServer] : [])
    }

    /// What brings the new values of rotated secrets into use: of those that no server asks for, and by server.
    package func rotations(_ layout: Layout) -> [any Step] {
        var steps: [any Step] = [RotationStep(secrets, besides: passwordedServers, folder: layout.secrets)]
        for server in passwordedServers { steps.append(RotationStep(secrets, at: server, folder: layout.secrets)) }
        return steps
    }
}
