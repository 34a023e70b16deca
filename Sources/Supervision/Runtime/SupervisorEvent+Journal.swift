import Control
import CoreTypes

extension SupervisorEvent.Kind {
    /// Finds every event of a kind in the journal: `journalctl MESSAGE_ID=…`. It stays when a kind gets another word
    /// (`systemd-id128 new` makes one).
    package var messageID: String {
        switch self {
        case .supervisorStarted: return "3fe579e1bdc402422946cd06c31a5478"
        case .supervisorStopping: return "92b2ee358f5eec018f828ecf5fe39def"
        case .supervisorStopped: return "48d67537df5932de8855cb8d046620b2"
        case .supervisorReexecuting: return "3aa7082381cd5dac41941774634254cc"
        case .stackApplied: return "723504581deb6ebbbc98265940f12a4b"
        case .state: return "e2a7cb132fa4171cfba2d2ba2031b052"
        case .healthy: return "792cb21bc9288793cb71b78fd155d31a"
        case .unhealthy: return "a9f22b10a1abb0cfa84bce25fe38d5ca"
        case .ended: return "7c2d9a6c25f62a394b12176e3a75a77c"
        case .spawnFailed: return "6b3c60ffd8663877270eff3576233395"
        case .runSkipped: return "4d3428093645d589ad008a1321b802cd"
        case .adopted: return "503d9b2379a34175282429a059ce58cb"
        case .strayKilled: return "6af2ed8e2b11e3280bcefe1a46a5354e"
        case .logsStopped: return "0f003640bca54112c1dcdc583806dfe4"
        case .logsResumed: return "d9200ae67532c95cc219a3aeb4e90e5a"
        case .journalStopped: return "b73db1c75c7c4d1c864ff6cabc4767b5"
        case .journalResumed: return "b50a94c2d52d46f898cd48bb07b05d01"
        case .logstashAway: return "6922df858d8c4d99bbf41c763e6f4622"
        case .logstashBack: return "525e5b41298c4ecda5b8e274301731c6"
        case .logstashDropping: return "d7a6a3a0d0434d75a26c6d9dd1b977ea"
        case .logstashDropped: return "da9d5270941f4899a41e0d2b318d9e0e"
        case .trafficMoved: return "8cb50f2aaa054763a02a4141cd8057ac"
        case .trafficReturned: return "588df46bd29a4231853fa7ab6349bccf"
        case .streamsClosed: return "699ed170100a4459842cd0a13279f182"
        case .slotRetired: return "7959cc344e394ba8bffd4883f2f51fe1"
        case .trouble: return "0c8b26674be917f589ec740aaef8b9ba"
        case .unknown: return "01999bc972d222090e78c1420031b00b"
        }
    }
}

extension SupervisorEvent {
    /// One event as systemd's journal keeps it: a sentence, and fields to search by.
    func journalEntry(profile: String) -> JournalEntry {
        var entry = JournalEntry(sentence, priority: priority)
        entry.add("MESSAGE_ID", kind.messageID)
        entry.add("SYSLOG_IDENTIFIER", "bedplated")
        entry.add("BEDPLATE_EVENT", kind.rawValue)
        entry.add("BEDPLATE_PROFILE", profile)
        entry.add("BEDPLATE_INSTANCE", instance?.description)
        entry.add("BEDPLATE_PROCESS", instance?.process.description)
        entry.add("BEDPLATE_SLOT", instance?.slot?.rawValue)
        entry.add("BEDPLATE_STATE", state?.rawValue)
        entry.add("BEDPLATE_PID", pid.map { "\($0)" })
        entry.add("BEDPLATE_REASON", reason)
        return entry
    }

    /// `api@blue: backing-off, process 4711 (exited 1)`
    private var sentence: String {
        let what = kind == .state ? state?.rawValue ?? kind.rawValue : kind.rawValue
        let process = pid.map { ", process \($0)" } ?? ""
        return "\(instance?.description ?? "supervisor"): \(what)\(process)" + (reason.map { " (\($0))" } ?? "")
    }

    private var priority: JournalEntry.Priority {
        switch kind {
        case .state:
            switch state {
            case .failed: return .error
            case .backingOff: return .warning
            case .down, .waiting, .starting, .up, .stopping, .completed, .scheduled, .unknown, nil:
                return .informational
            }
        case .spawnFailed, .runSkipped, .unhealthy, .strayKilled, .logsStopped, .journalStopped, .logstashAway,
            .logstashDropping, .trafficReturned, .trouble:
            return .warning
        case .supervisorStarted, .supervisorStopping, .supervisorStopped, .supervisorReexecuting, .stackApplied,
            .adopted, .logsResumed, .journalResumed, .logstashBack, .logstashDropped, .trafficMoved, .streamsClosed,
            .slotRetired:
            return .notice
        case .healthy, .ended, .unknown: return .informational
        }
    }
}
