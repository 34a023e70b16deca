/// The tables of the embedded store, migration by migration; a released migration is never edited.
enum SQLiteSchema {
    static let store: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: users, scans, findings") { database in
            try database.execute(
                sql: """
                    CREATE TABLE users (
                        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT NOT NULL, role TEXT NOT NULL,
                        created_at INTEGER NOT NULL);
                    CREATE TABLE setup (only INTEGER PRIMARY KEY CHECK (only = 1), completed_at INTEGER NOT NULL);
                    CREATE TABLE scans (
                        scan_id TEXT PRIMARY KEY, user_id TEXT NOT NULL, file_name TEXT, upload_bytes INTEGER NOT NULL,
                        created_at INTEGER NOT NULL, status TEXT NOT NULL, progress INTEGER NOT NULL, reason TEXT,
                        files INTEGER, bytes INTEGER, skipped INTEGER, started_at INTEGER, finished_at INTEGER,
                        info INTEGER NOT NULL DEFAULT 0, low INTEGER NOT NULL DEFAULT 0,
                        medium INTEGER NOT NULL DEFAULT 0, high INTEGER NOT NULL DEFAULT 0,
                        critical INTEGER NOT NULL DEFAULT 0);
                    CREATE INDEX scans_of_user ON scans (user_id, created_at DESC, scan_id DESC);
                    CREATE INDEX scans_by_age ON scans (created_at);
                    CREATE INDEX scans_waiting ON scans (created_at) WHERE status = 'queued';
                    CREATE TABLE findings (
                        scan_id TEXT NOT NULL REFERENCES scans ON DELETE CASCADE, fingerprint TEXT NOT NULL,
                        severity INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL, "column" INTEGER NOT NULL,
                        rule TEXT NOT NULL, title TEXT NOT NULL, excerpt TEXT NOT NULL,
                        PRIMARY KEY (scan_id, fingerprint)) WITHOUT ROWID;
                    CREATE INDEX findings_in_order ON findings (scan_id, severity DESC, path, line, fingerprint);
                    """)
        }
        migrator.registerMigration("2: API keys") { database in
            try database.execute(
                sql: """
                    CREATE TABLE api_keys (
                        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL UNIQUE,
                        scopes TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER);
                    CREATE INDEX api_keys_of_user ON api_keys (user_id, created_at);
                    """)
        }
        migrator.registerMigration("3: kinds and scanners") { database in
            try database.execute(
                sql: """
                    ALTER TABLE scans ADD COLUMN kind TEXT NOT NULL DEFAULT 'code';
                    ALTER TABLE scans ADD COLUMN jobs TEXT NOT NULL DEFAULT '[]';
                    """)
        }
        migrator.registerMigration("4: webhooks") { database in
            try database.execute(
                sql: """
                    CREATE TABLE webhooks (
                        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, url TEXT NOT NULL, events TEXT NOT NULL,
                        created_at INTEGER NOT NULL);
                    CREATE INDEX webhooks_of_user ON webhooks (user_id, created_at);
                    CREATE TABLE webhook_deliveries (
                        id TEXT PRIMARY KEY, webhook_id TEXT NOT NULL REFERENCES webhooks ON DELETE CASCADE,
                        scan_id TEXT NOT NULL, event TEXT NOT NULL, created_at INTEGER NOT NULL, status TEXT NOT NULL,
                        attempts INTEGER NOT NULL, answer INTEGER, problem TEXT, last_attempt INTEGER);
                    CREATE INDEX deliveries_of_webhook ON webhook_deliveries (webhook_id, created_at DESC);
                    CREATE INDEX deliveries_by_age ON webhook_deliveries (created_at);
                    """)
        }
        migrator.registerMigration("5: cloud accounts") { database in
            try database.execute(
                sql: """
                    CREATE TABLE cloud_accounts (
                        id TEXT PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL, provider TEXT NOT NULL,
                        regions TEXT NOT NULL, key_ending TEXT NOT NULL, sealed TEXT NOT NULL,
                        created_at INTEGER NOT NULL, UNIQUE (user_id, name));
                    ALTER TABLE scans ADD COLUMN target TEXT;
                    """)
        }
        return migrator
    }()

    static let queue: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: jobs") { database in
            try database.execute(
                sql: """
                    CREATE TABLE jobs (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, id TEXT NOT NULL,
                        payload TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, visible_at INTEGER NOT NULL,
                        receipt TEXT, consumer TEXT, UNIQUE (topic, id));
                    CREATE INDEX jobs_to_do ON jobs (topic, visible_at);
                    CREATE TABLE dead_jobs (
                        number INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, id TEXT NOT NULL,
                        payload TEXT NOT NULL, attempts INTEGER NOT NULL, reason TEXT NOT NULL,
                        buried_at INTEGER NOT NULL);
                    """)
        }
        return migrator
    }()
    static let traffic: DatabaseMigrator = {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: rates, failures") { database in
            // Moments are microseconds since 1970.
            try database.execute(
                sql: """
                    CREATE TABLE rates (caller TEXT PRIMARY KEY, whole_at INTEGER NOT NULL) WITHOUT ROWID;
                    CREATE INDEX rates_over ON rates (whole_at);
                    CREATE TABLE failures (
                        caller TEXT PRIMARY KEY, failures INTEGER NOT NULL, wait_until INTEGER NOT NULL,
                        forget_at INTEGER NOT NULL) WITHOUT ROWID;
                    CREATE INDEX failures_over ON failures (forget_at);
                    """)
        }
        return migrator
    }()
}
