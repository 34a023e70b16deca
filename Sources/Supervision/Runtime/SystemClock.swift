import CLinux
import Glibc

/// The kernel's clocks. The only place of the supervisor that reads the time.
enum SystemClock {
    static var now: Moment { Moment(milliseconds: read(CLOCK_MONOTONIC)) }

    /// CLOCK_MONOTONIC in microseconds, as systemd counts.
    static var microseconds: Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000
    }

    /// Milliseconds since 1970.
    static var wall: Int64 { read(CLOCK_REALTIME) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
