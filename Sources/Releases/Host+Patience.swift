import CoreTypes
import Host

extension Host {
    /// A supervisor that is started anew does not answer for a moment, and neither does an nginx: what may be tried again
    /// is, for five seconds.
    func patiently<Value>(_ body: () throws -> Value) async throws -> Value {
        let waiting = Stopwatch(clock)
        while true {
            do { return try body() } catch let error as OperatorError where error.exit == .retry {
                guard waiting.elapsed < .seconds(5) else { throw error }
            }
            try await clock.sleep(for: .milliseconds(50))
        }
    }
}
