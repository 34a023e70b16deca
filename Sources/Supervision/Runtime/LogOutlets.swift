import Control
import Glibc

/// Where lines go besides the instances' files; shared by all of them.
final class LogOutlets {
    let journal: JournalSender
    let logstash: LogstashSender

    init(journal: JournalSender, logstash: LogstashSender) {
        self.journal = journal
        self.logstash = logstash
    }

    func update(_ logging: Logging?) {
        journal.path = logging?.journal ?? Logging.standardJournal
        logstash.configure(logging?.logstash)
    }

    /// Whether single lines of this policy are wanted.
    func take(_ policy: LogPolicy) -> Bool { policy.journal || (policy.logstash && logstash.isOn) }

    func take(
        _ line: UnsafeRawBufferPointer, _ policy: LogPolicy, time: [UInt8], origin: LineOrigin, continues: Bool
    ) {
        if policy.journal { journal.send(line, origin: origin, continues: continues) }
        if policy.logstash, logstash.isOn { logstash.add(line, time: time, origin: origin, continues: continues) }
    }

    /// What came so far outlives us from here on.
    func commit() { logstash.commit() }

    /// When there is something to do without anybody asking; never while nothing waits.
    var nextWake: Moment? { [journal.nextWake, logstash.nextWake].compactMap { $0 }.min() }

    func wake(at now: Moment) {
        if let wake = journal.nextWake, wake <= now { journal.wake(at: now) }
        if let wake = logstash.nextWake, wake <= now { logstash.wake(at: now) }
    }

    /// The supervisor leaves: what still fits goes out, the rest is on disk.
    func close() {
        journal.wake(at: SystemClock.now)
        logstash.close()
    }
}
