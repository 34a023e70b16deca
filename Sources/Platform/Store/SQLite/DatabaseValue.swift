/// What one cell holds: the five storage classes of <https://www.sqlite.org/datatype3.html>.
enum DatabaseValue: Sendable, Equatable {
    case null
    case integer(Int64)
    case real(Double)
    case text(String)
    case blob([UInt8])

    /// What it is, and never what is in it.
    var storageClass: String {
        switch self {
        case .null: "NULL"
        case .integer: "an integer"
        case .real: "a real"
        case .text: "a text"
        case .blob: "a blob"
        }
    }
}

/// A Swift type that a cell can hold.
protocol DatabaseValueConvertible: Sendable {
    var databaseValue: DatabaseValue { get }

    /// `nil` for a cell of another class, NULL among them: nothing is converted behind one's back.
    init?(databaseValue value: DatabaseValue)
}

extension Int64: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .integer(self) }

    init?(databaseValue value: DatabaseValue) {
        guard case .integer(let number) = value else { return nil }
        self = number
    }
}

extension Int: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .integer(Int64(self)) }

    init?(databaseValue value: DatabaseValue) {
        guard case .integer(let number) = value else { return nil }
        self.init(exactly: number)
    }
}

extension Bool: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .integer(self ? 1 : 0) }

    init?(databaseValue value: DatabaseValue) {
        guard case .integer(let number) = value else { return nil }
        self = number != 0
    }
}

extension Double: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .real(self) }

    init?(databaseValue value: DatabaseValue) {
        guard case .real(let number) = value else { return nil }
        self = number
    }
}

extension String: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .text(self) }

    init?(databaseValue value: DatabaseValue) {
        guard case .text(let text) = value else { return nil }
        self = text
    }
}

extension [UInt8]: DatabaseValueConvertible {
    var databaseValue: DatabaseValue { .blob(self) }

    init?(databaseValue value: DatabaseValue) {
        guard case .blob(let bytes) = value else { return nil }
        self = bytes
    }
}

/// The values of a statement's placeholders, in order; `nil` is NULL.
struct StatementArguments: Sendable, ExpressibleByArrayLiteral {
    let values: [DatabaseValue]

    init(arrayLiteral elements: (any DatabaseValueConvertible)?...) {
        values = elements.map { $0?.databaseValue ?? .null }
    }

    init(_ elements: [some DatabaseValueConvertible]) {
        values = elements.map(\.databaseValue)
    }

    private init(values: [DatabaseValue]) { self.values = values }

    static func + (first: StatementArguments, second: StatementArguments) -> StatementArguments {
        StatementArguments(values: first.values + second.values)
    }
}
