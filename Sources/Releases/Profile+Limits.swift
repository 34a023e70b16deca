import CoreTypes
import Profiles

extension Profile {
    /// How long a slot may take to become healthy: the longest its probes allow, and some time to start.
    var startLimit: Duration {
        var longest: Int64 = 0
        for process in processes where process.isSlotted {
            for probe in [process.startup, process.readiness].compactMap(\.self) {
                // A notify probe counts silences of a timeout each.
                let attempt = probe.check == .notify ? probe.timeout : probe.interval
                let attempts = attempt.milliseconds * Int64(probe.failures)
                longest = max(longest, probe.startPeriod.milliseconds + attempts + probe.timeout.milliseconds)
            }
        }
        return .milliseconds(longest) + .seconds(10)
    }

    /// How long a slot may take to stop: the longest its stop steps allow, and some time.
    var stopLimit: Duration {
        let allowed = processes.filter(\.isSlotted).map { $0.stop.map(\.wait.milliseconds).reduce(0, +) }
        return .milliseconds(allowed.max() ?? 0) + .seconds(5)
    }
}
