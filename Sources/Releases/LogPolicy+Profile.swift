import Control
import Profiles

extension LogPolicy {
    init(_ logs: ProcessDeclaration.Logs) {
        let format: Format =
            switch logs.format {
            case .text: .text
            case .json: .json
            }
        self.init(
            maximumSize: logs.maximumSize, keep: logs.keep, timestamps: logs.timestamps, maximumAge: logs.maximumAge,
            maximumTotal: logs.maximumTotal, format: format, journal: logs.journal, logstash: logs.logstash)
    }
}

extension Control.Logging {
    init(_ logging: Profiles.Logging) {
        self.init(
            journal: logging.journalSocket,
            logstash: logging.logstash.map { Logstash(address: $0.address, spool: $0.spool) })
    }
}
