#include <sqlite3.h>

// Swift cannot call a function with variable arguments, and has no name for SQLITE_TRANSIENT (SQLite makes a copy).

/// From here on double quotes are for names only: a misspelt column is an error, not a text.
static inline int csqlite_refuse_quoted_text(sqlite3 *database) {
    int code = sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, (int *)0);
    return code == SQLITE_OK ? sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, (int *)0) : code;
}

static inline int csqlite_bind_text(sqlite3_stmt *statement, int number, const char *text, sqlite3_uint64 bytes) {
    return sqlite3_bind_text64(statement, number, text, bytes, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static inline int csqlite_bind_blob(sqlite3_stmt *statement, int number, const void *blob, sqlite3_uint64 bytes) {
    return sqlite3_bind_blob64(statement, number, blob, bytes, SQLITE_TRANSIENT);
}
