import CLinux
import CoreTypes
import Glibc

/// Why a process could not be started: the stage between fork and exec, and the reason.
struct SpawnFailure: Error, CustomStringConvertible {
    let stage: String
    let reason: String

    init(_ stage: String, _ reason: String) {
        self.stage = stage
        self.reason = reason
    }

    init(_ error: SystemError) { self.init(error.doing, error.reason) }

    var description: String { "\(stage): \(reason)" }

    /// The words for a stage of `linux_spawn`.
    init(_ result: linux_spawn_result, path: String, directory: String, account: Account?) {
        let user = account.map { $0.name.isEmpty ? "\($0.user)" : $0.name } ?? ""
        let stage =
            switch linux_spawn_stage(UInt32(result.stage)) {
            case LINUX_SPAWN_FORK: "creating a process"
            case LINUX_SPAWN_SESSION: "starting a new session"
            case LINUX_SPAWN_SIGNALS: "resetting signals"
            case LINUX_SPAWN_STREAMS: "connecting its output"
            case LINUX_SPAWN_DESCRIPTORS: "handing over descriptors"
            case LINUX_SPAWN_CGROUP: "entering its control group"
            case LINUX_SPAWN_LIMITS: "setting the limit \(Self.limit(result.detail))"
            case LINUX_SPAWN_NICE: "setting its nice value"
            case LINUX_SPAWN_OOM: "setting its out-of-memory score"
            case LINUX_SPAWN_CAPABILITIES: "limiting capabilities\(Self.capability(result.detail))"
            case LINUX_SPAWN_PRIVILEGES: "forbidding new privileges"
            case LINUX_SPAWN_GROUPS: "setting the groups of '\(user)'"
            case LINUX_SPAWN_GROUP: "setting the group of '\(user)'"
            case LINUX_SPAWN_USER: "setting user '\(user)'"
            case LINUX_SPAWN_DIRECTORY: "changing to directory '\(directory)'"
            case LINUX_SPAWN_EXEC: "executing '\(path)'"
            default: "stage \(result.stage)"
            }
        self.init(stage, String(cString: strerror(result.error)))
    }

    private static func limit(_ number: Int32) -> String {
        ResourceLimit.Kind.allCases.first { $0.number == number }?.rawValue ?? "\(number)"
    }

    private static func capability(_ number: Int32) -> String {
        Capability(number: Int(number)).map { " (\($0.rawValue))" } ?? ""
    }
}
