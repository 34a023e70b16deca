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
