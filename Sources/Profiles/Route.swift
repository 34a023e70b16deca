package import CoreTypes

/// A path prefix and the process that answers it.
package struct Route: Sendable, Equatable {
    package var path: String
    /// A slotted process with a port.
    package var process: ProcessName
    /// How long the application may take; nginx's read and send timeouts.
    package var timeout: TimeSpan
    /// The largest request body.
    package var body: ByteCount
    /// Whether nginx stores a request body before it passes it on. Off for uploads.
    package var buffersRequests: Bool
    /// Whether it answers with connections that have no end of their own: WebSockets, events.
    package var isStream: Bool

    /// What is said about keeping answers.
    package var cache: Cache
    /// The limit that holds here, by name.
    package var limit: String?

    package enum Cache: String, Sendable, CaseIterable {
        /// What the application says.
        case application
        /// To be kept, and asked about each time: pages.
        case revalidate
        /// Never to be asked about again: files whose name changes with their content.
        case immutable
    }

    package init(
        path: String, process: ProcessName, timeout: TimeSpan, body: ByteCount, buffersRequests: Bool,
        isStream: Bool = false, cache: Cache = .application, limit: String? = nil
    ) {
        self.path = path
        self.process = process
        self.timeout = timeout
        self.body = body
        self.buffersRequests = buffersRequests
        self.isStream = isStream
        self.cache = cache
        self.limit = limit
    }
}

extension Profile {
    /// The route by which the front door passes a path on: the longest.
    package func route(of path: String) -> Route? {
        routes.filter { path.hasPrefix($0.path) }.max { $0.path.utf8.count < $1.path.utf8.count }
    }
}
