import CLinux
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
    static func stage(_ stage: Int32, path: String, directory: String, user: String) -> String {
        switch linux_spawn_stage(UInt32(stage)) {
        case LINUX_SPAWN_FORK: return "creating a process"
        case LINUX_SPAWN_SESSION: return "starting a new session"
        case LINUX_SPAWN_SIGNALS: return "resetting signals"
        case LINUX_SPAWN_STREAMS: return "connecting its output"
        case LINUX_SPAWN_DESCRIPTORS: return "closing inherited descriptors"
        case LINUX_SPAWN_CGROUP: return "entering its control group"
        case LINUX_SPAWN_LIMITS: return "setting limits"
        case LINUX_SPAWN_NICE: return "setting its nice value"
        case LINUX_SPAWN_OOM: return "setting its out-of-memory score"
        case LINUX_SPAWN_CAPABILITIES: return "limiting capabilities"
        case LINUX_SPAWN_PRIVILEGES: return "forbidding new privileges"
        case LINUX_SPAWN_GROUPS: return "setting the groups of '\(user)'"
        case LINUX_SPAWN_GROUP: return "setting the group of '\(user)'"
        case LINUX_SPAWN_USER: return "setting user '\(user)'"
        case LINUX_SPAWN_DIRECTORY: return "changing to directory '\(directory)'"
        case LINUX_SPAWN_EXEC: return "executing '\(path)'"
        default: return "stage \(stage)"
        }
    }
}
