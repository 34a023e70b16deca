package import CoreTypes

/// What happens to the output of an instance.
package struct LogPolicy: Sendable, Equatable {
    /// `current` is rotated when it reaches this size.
    package var maximumSize: ByteCount
    /// How many rotated files are kept beside `current`.
    package var keep: Int
    /// Whether each line is prefixed with its RFC 3339 time in UTC.
    package var timestamps: Bool
    /// `current` is rotated by the first line that comes when its first line is older; `nil`: only its size counts.
    package var maximumAge: TimeSpan?
    /// What `current` and all rotated files may take together; `nil`: only `keep` counts.
    package var maximumTotal: ByteCount?
    package var format: Format
    /// Whether each line also goes to systemd's journal.
    package var journal: Bool
    /// Whether each line also goes to the stack's Logstash, where it has one.
    package var logstash: Bool

    package init(
        maximumSize: ByteCount = .mebibytes(16), keep: Int = 14, timestamps: Bool = true,
        maximumAge: TimeSpan? = .seconds(86_400), maximumTotal: ByteCount? = .mebibytes(128), format: Format = .text,
        journal: Bool = false, logstash: Bool = true
    ) {
        self.maximumSize = maximumSize
        self.keep = keep
        self.timestamps = timestamps
        self.maximumAge = maximumAge
        self.maximumTotal = maximumTotal
        self.format = format
        self.journal = journal
        self.logstash = logstash
    }

    package enum Format: String, Sendable, CaseIterable, Codable {
        /// The line as the process wrote it.
        case text
        /// An object a line, with time, process, slot, release, stream and message.
        case json
    }
}

extension LogPolicy: Codable {
    private enum CodingKeys: String, CodingKey {
        case maximumSize, keep, timestamps, maximumAge, maximumTotal, format, journal, logstash
    }

    /// Of an older CLI's stack only the first three are there; a limit it does not know is no limit.
    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            maximumSize: try container.decode(ByteCount.self, forKey: .maximumSize),
            keep: try container.decode(Int.self, forKey: .keep),
            timestamps: try container.decode(Bool.self, forKey: .timestamps),
            maximumAge: try container.decodeIfPresent(TimeSpan.self, forKey: .maximumAge),
            maximumTotal: try container.decodeIfPresent(ByteCount.self, forKey: .maximumTotal),
            format: try container.decodeIfPresent(Format.self, forKey: .format) ?? .text,
            journal: try container.decodeIfPresent(Bool.self, forKey: .journal) ?? false,
            logstash: try container.decodeIfPresent(Bool.self, forKey: .logstash) ?? true)
    }
}

/// Where the output of all instances can go besides their files.
package struct Logging: Codable, Sendable, Equatable {
    /// systemd's; the socket of journald's native protocol.
    package static let standardJournal = "/run/systemd/journal/socket"

    /// `nil`: `standardJournal`.
    package var journal: String?
    package var logstash: Logstash?

    package init(journal: String? = nil, logstash: Logstash? = nil) {
        self.journal = journal
        self.logstash = logstash
    }

    /// A server that takes JSON lines over TCP.
    package struct Logstash: Codable, Sendable, Equatable {
        /// `127.0.0.1:5044`
        package var address: Endpoint
        /// What may wait on disk while it is away; then the oldest lines go.
        package var spool: ByteCount

        package init(address: Endpoint, spool: ByteCount = .mebibytes(64)) {
            self.address = address
            self.spool = spool
        }

        /// Less could not hold a few long lines.
        package static let smallestSpool = ByteCount.mebibytes(1)
    }
}
