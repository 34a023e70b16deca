import CoreTypes

/// What the placeholders of a profile stand for in one instance.
struct Placeholders {
    let process: ProcessName
    let values: [String: String]

    /// Replaces `{name}`; braces around anything but a name are just text. The loader has checked the names, but one
    /// may still stand for nothing here, such as `{slot}` in a process outside the slots.
    func resolve(_ text: String) throws -> String {
        try text.replacing(/\{([a-z_]{1,32})\}/) { match in
            guard let value = values[String(match.1)] else {
                throw OperatorError(
                    doing: "resolve the process '\(process)'",
                    because: "\(match.0) in '\(text)' stands for nothing here",
                    next: "known here: \(values.keys.sorted().map { "{\($0)}" }.joined(separator: " "))", exit: .usage)
            }
            return value
        }
    }
}
