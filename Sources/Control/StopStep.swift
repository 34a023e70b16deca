package import CoreTypes

/// One step of stopping an instance: a signal to its whole process group, then the time it may take.
package struct StopStep: Codable, Sendable, Equatable {
    /// A signal's name without `SIG`: `TERM`, `QUIT`, `KILL`.
    package var signal: String
    /// How long to wait for the end before the next step; the last step has none.
    package var wait: TimeSpan
    /// Whether the main process alone gets the signal, as long as it runs; else its whole process group does.
    package var mainOnly: Bool?

    package init(signal: String, wait: TimeSpan = .zero, mainOnly: Bool? = nil) {
        self.signal = signal
        self.wait = wait
        self.mainOnly = mainOnly
    }

    /// TERM, ten seconds, KILL.
    package static let standard = [StopStep(signal: "TERM", wait: .seconds(10)), StopStep(signal: "KILL")]
}
