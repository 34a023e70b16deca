import CSQLite

/// One prepared statement of a connection; finalized when nothing holds it any more.
final class Statement {
    private let handle: OpaquePointer

    fileprivate init(handle: OpaquePointer) { self.handle = handle }

    deinit { sqlite3_finalize(handle) }

    /// Runs it to its end; rows that it returns are passed over.
    func execute(arguments: StatementArguments = []) throws {
        try run(arguments) { _ in true }
    }

    /// The rows, or the first of them.
    func rows(_ arguments: StatementArguments, atMost limit: Int = .max) throws -> [Row] {
        var rows: [Row] = []
        var columns = Row.Columns([])
        try run(arguments) { handle in
            let count = sqlite3_column_count(handle)
            // Not sooner: another program may have changed a table, which SQLite notices at the first step.
            if rows.isEmpty {
                columns = Row.Columns((0..<count).map { String(cString: sqlite3_column_name(handle, $0)) })
            }
            rows.append(Row(columns: columns, values: (0..<count).map { Self.value(handle, $0) }))
            return rows.count < limit
        }
        return rows
    }

    /// Calls `row` at each row until that returns `false`. Throws `CancellationError` in a task that was cancelled.
    private func run(_ arguments: StatementArguments, row: (OpaquePointer) throws -> Bool) throws {
        guard !Task.isCancelled else { throw CancellationError() }
        defer {
            // Its code repeats what `step` said.
            sqlite3_reset(handle)
            sqlite3_clear_bindings(handle)
        }
        try bind(arguments.values)
        while true {
            switch sqlite3_step(handle) {
            case SQLITE_ROW: guard try row(handle) else { return }
            case SQLITE_DONE: return
            case let code: throw failure(code)
            }
        }
    }

    private func bind(_ values: [DatabaseValue]) throws {
        let wanted = Int(sqlite3_bind_parameter_count(handle))
        guard wanted == values.count else {
            throw DatabaseError(
                code: SQLITE_RANGE, message: "a statement with \(wanted) placeholders was given \(values.count) values")
        }
        for (number, value) in zip(Int32(1)..., values) {
            let code =
                switch value {
                case .null: sqlite3_bind_null(handle, number)
                case .integer(let integer): sqlite3_bind_int64(handle, number, integer)
                case .real(let real): sqlite3_bind_double(handle, number, real)
                case .text(var text):
                    text.withUTF8 { utf8 in
                        utf8.withMemoryRebound(to: CChar.self) { characters in
                            csqlite_bind_text(handle, number, characters.baseAddress, UInt64(characters.count))
                        }
                    }
                // No bytes may have no address, and that would be NULL.
                case .blob(let bytes) where bytes.isEmpty: sqlite3_bind_zeroblob(handle, number, 0)
                case .blob(let bytes): csqlite_bind_blob(handle, number, bytes, UInt64(bytes.count))
                }
            guard code == SQLITE_OK else { throw failure(code) }
        }
    }

    private static func value(_ handle: OpaquePointer, _ column: Int32) -> DatabaseValue {
        // The bytes are asked for after the pointer, as <https://www.sqlite.org/c3ref/column_blob.html> wants it.
        func bytes(at start: UnsafeRawPointer?) -> UnsafeRawBufferPointer {
            UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(handle, column)))
        }
        return switch sqlite3_column_type(handle, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(handle, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(handle, column))
        case SQLITE_TEXT: .text(String(decoding: bytes(at: sqlite3_column_text(handle, column)), as: UTF8.self))
        case SQLITE_BLOB: .blob(Array(bytes(at: sqlite3_column_blob(handle, column))))
        default: .null
        }
    }

    private func failure(_ code: Int32) -> any Error {
        // Database.isInterrupted ended it.
        if code & 0xFF == SQLITE_INTERRUPT, Task.isCancelled { return CancellationError() }
        return DatabaseError(code: code, on: sqlite3_db_handle(handle))
    }
}

extension Statement {
    /// The statements of a script, one after the other: one is prepared when those before it have run.
    static func each(
        of script: String, on connection: OpaquePointer, flags: Int32 = 0, _ body: (Statement) throws -> Void
    ) throws {
        try script.withCString { start in
            var rest: UnsafePointer<CChar>? = start
            while let next = rest, next.pointee != 0 {
                var handle: OpaquePointer?
                let code = sqlite3_prepare_v3(connection, next, -1, UInt32(flags), &handle, &rest)
                guard code == SQLITE_OK else { throw DatabaseError(code: code, on: connection) }
                // A comment or blanks at the end make no statement.
                if let handle { try body(Statement(handle: handle)) }
            }
        }
    }
}
