/// Names one running copy of a process: `api@blue`, or `engine` for a process outside the slots.
package struct InstanceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let process: ProcessName
    package let slot: Slot?

    package init(_ process: ProcessName, slot: Slot? = nil) {
        self.process = process
        self.slot = slot
    }

    /// Reads `process` or `process@slot`.
    package init(_ text: String) throws(InvalidName) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
        process = try ProcessName(String(parts[0]))
        guard parts.count == 2 else {
            slot = nil
            return
        }
        guard let named = Slot(rawValue: String(parts[1])) else {
            throw InvalidName(text: text, expected: "a process, or a process and its slot as in 'api@blue'")
        }
        slot = named
    }

    package var description: String { slot.map { "\(process)@\($0)" } ?? process.description }

    package static func < (a: Self, b: Self) -> Bool { a.description < b.description }
}

extension InstanceName: Codable {
    package init(from decoder: any Decoder) throws {
        try self.init(try decoder.singleValueContainer().decode(String.self))
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
