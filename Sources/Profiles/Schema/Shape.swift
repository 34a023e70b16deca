import CoreTypes

/// What a value of a profile must look like.
indirect enum Shape: Sendable {
    case text(TextRule)
    case boolean
    case integer(ClosedRange<Int>)
    /// A time of at least `minimum`.
    case time(minimum: TimeSpan)
    /// A size of at least one byte.
    case size
    /// An interval or a calendar expression.
    case schedule
    case choice([String])
    case port
    /// An IP address and a port: `127.0.0.1:8080`, `[::1]:8080`.
    case listen
    /// The name of a process of this profile.
    case process
    /// The name of a secret of this profile.
    case secret
    case list(Shape, count: ClosedRange<Int>)
    /// Keys that the profile makes up; `entry` names one of them in a key path: `<process>`.
    case dictionary(key: TextRule, entry: String, value: Shape)
    case object([Key])

    /// The type as documentation names it.
    var title: String {
        switch self {
        case .text(let rule): rule.title
        case .boolean: "`true` or `false`"
        case .integer(let range): "whole number, \(range.lowerBound) to \(range.upperBound)"
        case .time(let minimum): minimum > .zero ? "time, at least `\(minimum)`" : "time"
        case .size: "size, at least `1B`"
        case .choice(let words) where words.count > 20: "`\(words[0])` … `\(words[words.count - 1])`"
        case .schedule: "schedule"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .port: "port, 1 to 65535"
        case .listen: "address and port"
        case .process: "name of a process"
        case .secret: "name of a secret"
        case .list(let item, let count):
            "list of \(item.title)" + (count.lowerBound > 0 ? ", at least \(count.lowerBound)" : "")
        case .dictionary(let key, _, let value): "mapping of \(key.title) to \(value.title)"
        case .object: "mapping"
        }
    }
}
