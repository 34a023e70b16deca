/// How long a request may take, by the beginning of its path; the longest beginning that fits decides.
package struct TimeLimits: Sendable {
    package let tiers: [(path: String, limit: Duration)]
    package let otherwise: Duration

    package init(tiers: [(path: String, limit: Duration)], otherwise: Duration) {
        self.tiers = tiers
        self.otherwise = otherwise
    }

    package static let standard = TimeLimits(
        tiers: [
            ("/api/code/upload-scan", .seconds(900)), ("/api/containers/upload-scan", .seconds(900)),
            ("/api/cloud-scans/", .seconds(600)),
            ("/api/setup/validate/", .seconds(600)),
        ],
        otherwise: .seconds(30))

    package func limit(for path: String) -> Duration {
        tiers.filter { path.hasPrefix($0.path) }.max { $0.path.count < $1.path.count }?.limit ?? otherwise
    }
}
