/// Where a probe finds a database, and as whom it asks. The password itself is never here.
package struct StoreAddress: Codable, Sendable, Equatable {
    /// An IP address.
    package var host: String
    package var port: Int
    /// `nil`: Redis's default user; for MongoDB only without a password.
    package var user: String?
    /// The file that holds the password, maybe with a newline at its end.
    package var passwordFile: String?
    /// The database that knows the user; `nil`: MongoDB's `admin`.
    package var database: String?

    package init(
        host: String = "127.0.0.1", port: Int, user: String? = nil, passwordFile: String? = nil, database: String? = nil
    ) {
        self.host = host
        self.port = port
        self.user = user
        self.passwordFile = passwordFile
        self.database = database
    }
}
