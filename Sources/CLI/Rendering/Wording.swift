import FoundationEssentials

/// How long ago something was, in the largest unit that says enough: `42s`, `17m`, `5h`, `12d`.
func age(since: Int64, now: Int64) -> String {
    let seconds = max(0, now - since) / 1000
    switch seconds {
    case ..<120: return "\(seconds)s"
    case ..<7200: return "\(seconds / 60)m"
    case ..<172_800: return "\(seconds / 3600)h"
    default: return "\(seconds / 86_400)d"
    }
}

/// `1 restart`, `3 restarts`.
func counted(_ count: Int, _ noun: String) -> String { count == 1 ? "1 \(noun)" : "\(count) \(noun)s" }

/// Seconds with one decimal: `1.8`.
func tenths(_ seconds: Double) -> String {
    let tenths = Int((seconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
}

/// Milliseconds since 1970 as RFC 3339 in UTC, to the millisecond.
func timestamp(_ milliseconds: Int64) -> String {
    let date = Date(timeIntervalSince1970: Double(milliseconds) / 1000)
    return date.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true, timeZone: .gmt))
}
