import Control
import CoreTypes
import Glibc
import Testing

@Suite("Runtime: schedules", .serialized)
struct ScheduleRuntimeTests {
    private func job(_ script: String, _ schedule: String) -> InstanceSpec {
        shell("job", script) {
            $0.kind = .oneshot
            $0.schedule = timetable(schedule)
        }
    }

    @Test("a scheduled process runs again and again, and status tells when next")
    func runsAgain() throws {
        let fixture = try RuntimeFixture([job("echo ran", "every 1s")])
        try fixture.start()
        try fixture.wait("it ran twice") { try fixture.lines("job").count >= 2 }
        let status = try fixture.status("job")
        #expect(try #require(status.next) % 1000 == 0)
        #expect(status.restarts == 0)
        #expect(try fixture.stop() == 0)
    }

    @Test("what the supervisor remembers makes up for a missed run once, also after a clean stop")
    func missedRun() throws {
        let fixture = try RuntimeFixture([job("echo ran; sleep 0.1", "yearly")])
        try fixture.start()
        #expect(try fixture.status("job").state == .scheduled)
        #expect(try fixture.stop() == 0)
        let path = "\(fixture.stack.directories.state)/state.json"
        let text = String(decoding: try #require(read(path)), as: UTF8.self)
        let handled = try #require(text.firstMatch(of: /"handled":([0-9]+)/)?.1)
        let yearAgo = try #require(Int64(handled)) - 366 * 86_400_000
        try write(Array(text.replacing("\"handled\":\(handled)", with: "\"handled\":\(yearAgo)").utf8), to: path)
        try fixture.start()
        try fixture.wait("the missed run is over") {
            try fixture.lines("job").count == 1 && fixture.status("job").state == .scheduled
        }
        #expect(try fixture.stop() == 0)
        try fixture.start()
        #expect(try fixture.status("job").state == .scheduled)
        #expect(try fixture.lines("job").count == 1)
    }

    @Test("the kernel is asked to tell when the clock is set, by a timer that never comes")
    func clockWatch() throws {
        let fixture = try RuntimeFixture()
        try fixture.start()
        let folder = "/proc/\(fixture.pid)/fdinfo"
        // One of a conversation may go while we look.
        let timers = (0..<256).compactMap { read("\(folder)/\($0)") }.map { String(decoding: $0, as: UTF8.self) }
            .filter { $0.contains("clockid:") }
        #expect(timers.count == 1)
        // CLOCK_REALTIME; TFD_TIMER_ABSTIME and TFD_TIMER_CANCEL_ON_SET (proc(5)).
        #expect(timers.first?.contains("clockid: 0\n") == true)
        #expect(timers.first?.contains("settime flags: 03\n") == true)
        #expect(timers.first?.contains("ticks: 0\n") == true)
    }
}
