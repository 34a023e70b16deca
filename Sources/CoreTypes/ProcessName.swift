/// Names a process of a profile: `api`, `worker`, `engine`.
///
/// It names a unit, a log directory and a cgroup at once, so the alphabet is small.
package struct ProcessName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let description: String

    package init(_ text: String) throws(InvalidName) {
        guard Name.isValid(text) else {
            throw InvalidName(text: text, expected: "a letter, then at most 30 of a-z, 0-9, '-'")
        }
        description = text
    }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

/// A text that does not name what it should name.
package struct InvalidName: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let expected: String

    package init(text: String, expected: String) {
        self.text = text
        self.expected = expected
    }

    package var description: String { "'\(text)' is not a name: expected \(expected)" }
}

/// The alphabet that process names and profile names share.
enum Name {
    static func isValid(_ text: String) -> Bool {
        let bytes = text.utf8
        guard let first = bytes.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first) else { return false }
        return bytes.count <= 31
            && bytes.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "-")
            }
    }
}
