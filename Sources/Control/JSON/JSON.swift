/// A JSON value, as sent over the control socket and kept in the supervisor's files.
///
/// Control has a JSON of its own because Foundation's would be half of the supervisor's memory.
package enum JSON: Equatable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object([String: JSON])

    /// The member of an object; `nil` when this is no object or has no such member.
    package subscript(key: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    package var stringValue: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    package var boolValue: Bool? {
        guard case .bool(let flag) = self else { return nil }
        return flag
    }

    package var integerValue: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }

    package var isNull: Bool { self == .null }
}

/// Why a text is no JSON, and where.
package struct JSONSyntaxError: Error, Equatable, CustomStringConvertible {
    package let problem: String
    package let offset: Int

    package var description: String { "no JSON: \(problem) at byte \(offset)" }
}
