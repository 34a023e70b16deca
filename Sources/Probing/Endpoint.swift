package import CoreTypes

/// Where a database listens and as whom to ask it.
package struct Endpoint: Sendable {
    /// An IP address; names are not resolved, because that has no timeout.
    package var address: String
    package var port: Int
    package var credentials: Credentials?

    package struct Credentials: Sendable {
        /// `nil`: the default user of Redis.
        package var user: String?
        package var password: Secret

        package init(user: String? = nil, password: Secret) {
            self.user = user
            self.password = password
        }
    }

    package init(address: String = "127.0.0.1", port: Int, credentials: Credentials? = nil) {
        self.address = address
        self.port = port
        self.credentials = credentials
    }
}
