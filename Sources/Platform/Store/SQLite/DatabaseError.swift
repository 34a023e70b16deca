import CSQLite

/// What SQLite refused: its code and its sentence, which name tables and columns and hold no value that was bound.
struct DatabaseError: Error, Equatable, CustomStringConvertible {
    /// The extended code of <https://www.sqlite.org/rescode.html>.
    let code: Int32
    let message: String

    /// The primary code, such as `SQLITE_FULL`, without what the extended one adds.
    var resultCode: Int32 { code & 0xFF }

    var description: String { "\(message) (code \(code))" }

    init(code: Int32, message: String) {
        self.code = code
        self.message = message
    }

    /// The last failure of a connection; `nil` is one that could not even be allocated.
    init(code: Int32, on connection: OpaquePointer?) {
        let message = connection == nil ? sqlite3_errstr(code) : sqlite3_errmsg(connection)
        self.init(code: code, message: message.map { String(cString: $0) } ?? "SQLite gives no reason")
    }
}
