package import CoreTypes

/// One step of stopping an instance: a signal to its whole process group, then the time it may take.
package struct StopStep: Codable, Sendable, Equatable {
    /// A signal's name without `SIG`: `TERM`, `QUIT`, `KILL`.
    package var signal: String
    /// How long to wait for the end before the next step; the last step has none.
    package var wait: TimeSpan

    package init(signal: String, wait: TimeSpan = .zero) {
        self.signal = signal
        self.wait = wait
    }

    /// TERM, ten seconds, KILL.
    package static let standard = [StopStep(signal: "TERM", wait: .seconds(10)), StopStep(signal: "KILL")]
}

/// What happens to the output of an instance.
package struct LogPolicy: Codable, Sendable, Equatable {
    /// `current` is rotated when it reaches this size.
    package var maximumSize: ByteCount
    /// How many rotated files are kept beside `current`.
    package var keep: Int
    /// Whether each line is prefixed with its RFC 3339 time in UTC.
    package var timestamps: Bool

    package init(maximumSize: ByteCount = .mebibytes(16), keep: Int = 5, timestamps: Bool = true) {
        self.maximumSize = maximumSize
        self.keep = keep
        self.timestamps = timestamps
    }
}
