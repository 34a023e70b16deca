/// JSON as text, with members in the order in which they were written.
indirect enum JSON {
    case text(String)
    case number(Int)
    case boolean(Bool)
    case list([JSON])
    case object([(String, JSON)])

    /// On one line.
    var line: String { render(indent: nil) }
    /// Indented by two spaces.
    var pretty: String { render(indent: 0) }

    private func render(indent: Int?) -> String {
        switch self {
        case .text(let text): Self.quote(text)
        case .number(let number): String(number)
        case .boolean(let value): String(value)
        case .list(let items): Self.block("[", "]", items.map { $0.render(indent: indent.map { $0 + 2 }) }, indent)
        case .object(let members):
            Self.block(
                "{", "}",
                members.map { "\(Self.quote($0.0)): \($0.1.render(indent: indent.map { $0 + 2 }))" }, indent)
        }
    }

    private static func block(_ open: String, _ close: String, _ parts: [String], _ indent: Int?) -> String {
        guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ", ") + close }
        let margin = String(repeating: " ", count: indent)
        return open + "\n" + parts.map { "\(margin)  \($0)" }.joined(separator: ",\n") + "\n\(margin)\(close)"
    }

    private static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
