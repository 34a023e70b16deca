import CoreTypes

/// What the placeholders of a profile stand for in one instance.
struct Placeholders {
    let process: ProcessName
    let values: [String: String]

    /// Replaces `{name}`; braces around anything but a name are just text. The loader has checked the names, but one
    /// may still stand for nothing here, such as `{slot}` in a process outside the slots.
    func resolve(_ text: String) throws -> String {
        // Not a regular expression: it is parsed anew for each of a stack's texts, a tenth of a switch's processor time.
        var resolved = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            resolved += rest[..<open]
            rest = rest[open...]
            guard let name = Self.name(atStartOf: rest) else {
                resolved.append(rest.removeFirst())
                continue
            }
            guard let value = values[String(name)] else {
                throw OperatorError(
                    doing: "resolve the process '\(process)'",
                    because: "{\(name)} in '\(text)' stands for nothing here",
                    next: "known here: \(values.keys.sorted().map { "{\($0)}" }.joined(separator: " "))", exit: .usage)
            }
            resolved += value
            rest = rest[name.endIndex...].dropFirst()
        }
        return resolved + rest
    }

    /// What stands between the braces that a text begins with: 1 to 32 of `a` to `z` and `_`.
    private static func name(atStartOf text: Substring) -> Substring? {
        let name = text.dropFirst().prefix { ("a"..."z").contains($0) && $0.isASCII || $0 == "_" }
        guard (1...32).contains(name.count), text[name.endIndex...].first == "}" else { return nil }
        return name
    }
}
