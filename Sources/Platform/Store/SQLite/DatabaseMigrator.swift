import CSQLite

/// Brings a database to the current schema, one named migration after the other.
///
/// The names of those that were applied are rows of `grdb_migrations`: a library of that name kept them there for the
/// first releases, and their files are still opened. A name that this program does not know is a newer program's, which
/// may run beside this one in the other slot.
struct DatabaseMigrator: Sendable {
    private var migrations: [(name: String, migrate: @Sendable (Database) throws -> Void)] = []

    mutating func registerMigration(_ name: String, migrate: @escaping @Sendable (Database) throws -> Void) {
        precondition(!migrations.contains { $0.name == name }, "two migrations are called \(name)")
        migrations.append((name, migrate))
    }

    /// Each migration is a transaction; the first that fails ends it, and is not recorded.
    func migrate(_ database: Database) throws {
        try database.execute(sql: "CREATE TABLE IF NOT EXISTS grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        let applied = Set(try String.fetchAll(database, sql: "SELECT identifier FROM grdb_migrations"))
        for (name, migrate) in migrations where !applied.contains(name) {
            // Off while a table is rebuilt, and impossible inside a transaction:
            // <https://www.sqlite.org/lang_altertable.html#otheralter>.
            try database.execute(sql: "PRAGMA foreign_keys = OFF")
            try database.inTransaction(.immediate) {
                try migrate(database)
                try database.execute(sql: "INSERT INTO grdb_migrations (identifier) VALUES (?)", arguments: [name])
                guard try Row.fetchOne(database, sql: "PRAGMA foreign_key_check") == nil else {
                    throw DatabaseError(
                        code: SQLITE_CONSTRAINT, message: "the migration '\(name)' broke a foreign key")
                }
            }
            try database.execute(sql: "PRAGMA foreign_keys = ON")
        }
    }
}
