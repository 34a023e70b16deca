import Control
import CoreTypes

/// The outlets of the logs, and what becomes of them.
extension Supervisor {
    func makeOutlets(_ stack: Stack) -> LogOutlets {
        let journal = JournalSender(path: Logging.standardJournal, loop: loop) { [unowned self] change in
            switch change {
            case .stopped(let reason): note(.journalStopped, nil, "lines do not reach the journal: \(reason)")
            case .resumed(let lost): note(.journalResumed, nil, "\(lost) lines did not reach the journal")
            }
        }
        let logstash = LogstashSender(directory: "\(directories.state)/logstash", loop: loop) {
            [unowned self] change in
            switch change {
            case .away(let reason): note(.logstashAway, nil, "lines wait on disk: \(reason)")
            case .back: note(.logstashBack)
            case .dropping(let reason): note(.logstashDropping, nil, "lines for Logstash are lost: \(reason)")
            case .dropped(let lines): note(.logstashDropped, nil, "\(lines) lines did not reach Logstash")
            }
        }
        let outlets = LogOutlets(journal: journal, logstash: logstash)
        outlets.update(stack.logging)
        return outlets
    }
}
