import Testing

@testable import Platform

@Suite("Alarms")
struct AlarmsTests {
    @Test("an alarm rings at its time, however late who sleeps for it begins", .timeLimit(.minutes(5)))
    func lateSleeper() async {
        let clock = ManualClock()
        let alarms = Alarms(clock)
        for _ in 0..<200 {
            await withCheckedContinuation { rung in
                _ = alarms.set(after: .seconds(20)) { rung.resume() }
                // Most times before the sleeping task had its turn.
                clock.advance(by: .seconds(20))
            }
        }
    }
}
