/// One row of an answer, detached from its statement.
struct Row: Sendable {
    /// The names of an answer's columns, shared by its rows.
    final class Columns: Sendable {
        let names: [String]
        init(_ names: [String]) { self.names = names }
    }

    let columns: Columns
    let values: [DatabaseValue]

    /// A column that the schema declares NOT NULL; anything else in it is a fault of this program.
    subscript<Value: DatabaseValueConvertible>(_ column: String) -> Value {
        guard let value = self[column] as Value? else { fatalError("the column \(column) is NULL") }
        return value
    }

    /// `nil` for NULL.
    subscript<Value: DatabaseValueConvertible>(_ column: String) -> Value? {
        guard let index = columns.names.firstIndex(of: column) else {
            fatalError("the answer has no column \(column)")
        }
        return Self.decode(values[index], column: column)
    }

    fileprivate static func decode<Value: DatabaseValueConvertible>(_ cell: DatabaseValue, column: String) -> Value? {
        if case .null = cell { return nil }
        guard let value = Value(databaseValue: cell) else {
            fatalError("the column \(column) holds \(cell.storageClass), which is no \(Value.self)")
        }
        return value
    }

    static func fetchOne(
        _ database: Database, sql: String, arguments: StatementArguments = []
    ) throws -> Row? {
        try database.cachedStatement(sql: sql).rows(arguments, atMost: 1).first
    }

    static func fetchAll(
        _ database: Database, sql: String, arguments: StatementArguments = []
    ) throws -> [Row] {
        try database.cachedStatement(sql: sql).rows(arguments)
    }
}

/// Answers of one column.
extension DatabaseValueConvertible {
    /// `nil` where there is no row, and for NULL.
    static func fetchOne(
        _ database: Database, sql: String, arguments: StatementArguments = []
    ) throws -> Self? {
        try Row.fetchOne(database, sql: sql, arguments: arguments).flatMap(first)
    }

    /// Without the rows that hold NULL.
    static func fetchAll(
        _ database: Database, sql: String, arguments: StatementArguments = []
    ) throws -> [Self] {
        try Row.fetchAll(database, sql: sql, arguments: arguments).compactMap(first)
    }

    private static func first(of row: Row) -> Self? {
        Row.decode(row.values[0], column: row.columns.names[0])
    }
}
