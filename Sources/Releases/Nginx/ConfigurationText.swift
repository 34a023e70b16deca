import CoreTypes

/// nginx configuration under construction: lines with their indentation.
struct ConfigurationText {
    private(set) var text = ""
    private var depth = 0

    mutating func line(_ line: String = "") {
        if !line.isEmpty { text += String(repeating: "    ", count: depth) + line }
        text += "\n"
    }

    mutating func lines(_ lines: [String]) {
        for each in lines { line(each) }
    }

    mutating func block(_ head: String, _ body: (inout ConfigurationText) throws -> Void) rethrows {
        line(head + " {")
        depth += 1
        defer {
            depth -= 1
            line("}")
        }
        try body(&self)
    }

    mutating func append(_ other: ConfigurationText) {
        for each in other.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            line(String(each))
        }
    }
}

/// A text that is one word to nginx and holds nothing that it would interpret.
struct NginxWord: CustomStringConvertible {
    private static let allowed = Set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-~@+,=%:".utf8)

    let description: String

    init(_ text: String) throws {
        guard text.hasPrefix("/"), text.utf8.allSatisfy(Self.allowed.contains) else {
            throw OperatorError(
                doing: "write nginx's configuration",
                because: "the path '\(text)' has a character that nginx would interpret",
                next: "use a path of letters, digits, '/', '.', '_', '-'", exit: .usage)
        }
        description = text
    }
}
