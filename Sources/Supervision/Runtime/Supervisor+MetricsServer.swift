import Control
import CoreTypes
import Glibc

extension Supervisor {
    private static let metricsPause = TimeSpan.seconds(10)

    /// Listens where the stack wants metrics told. A port that somebody holds is told once and tried again.
    func tellMetrics() {
        let isRetry = metricsRetryAt != nil
        metricsRetryAt = nil
        guard metricsServer?.endpoint != machine.metrics else { return }
        metricsServer?.stop()
        metricsServer = nil
        guard let endpoint = machine.metrics else { return }
        do throws(SystemError) {
            metricsServer = try MetricsServer(endpoint, loop: loop) { [unowned self] in
                metricText
            } gaveUp: { [unowned self] error in
                metricsServer?.stop()
                metricsServer = nil
                cannotTellMetrics(error, isNews: true)
            }
        } catch { cannotTellMetrics(error, isNews: !isRetry) }
    }

    private func cannotTellMetrics(_ error: SystemError, isNews: Bool) {
        if isNews { note(.trouble, nil, "metrics are not told: \(error)") }
        metricsRetryAt = SystemClock.now + Self.metricsPause
    }
}
