import Profiles

/// Until when the software that we install gets security updates.
package struct EndOfLife: Sendable {
    package let product: String
    package let series: String
    /// The last day with updates, by UTC.
    package let last: Day
    /// Who says so.
    package let source: String

    package static let catalogue = [
        EndOfLife("Node", "20", Day(2026, 4, 30), "github.com/nodejs/release"),
        EndOfLife("MongoDB", "7.0", Day(2027, 8, 31), "mongodb.com/legal/support-policy/lifecycles"),
        EndOfLife("Python", "3.12", Day(2028, 10, 31), "PEP 693"),
        // Redis 7 and nginx are the distribution's own, and so are their updates.
        EndOfLife("Debian", "12", Day(2028, 6, 30), "wiki.debian.org/LTS (by Debian's security team until 2026-06-10)"),
        EndOfLife("Ubuntu", "24.04", Day(2029, 4, 30), "ubuntu.com/about/release-cycle"),
    ]

    private init(_ product: String, _ series: String, _ last: Day, _ source: String) {
        self.product = product
        self.series = series
        self.last = last
        self.source = source
    }

    /// What this profile installs on this distribution that gets no updates any more; `now` in milliseconds since 1970.
    static func passed(_ profile: Profile, on distribution: Distribution, now: Int64) -> [EndOfLife] {
        let wanted: [String: String?] = [
            "Node": profile.runtimes.node?.version, "Python": profile.runtimes.python?.version,
            "MongoDB": profile.services.store == .mongodb ? "7.0" : nil,
            "Debian": distribution == .debian12 ? "12" : nil,
            "Ubuntu": distribution == .ubuntu2404 ? "24.04" : nil,
        ]
        return catalogue.filter { wanted[$0.product] == $0.series && $0.last.end <= now }
    }

    /// What is said of it.
    var sentence: String {
        let isDistribution = ["Debian", "Ubuntu"].contains(product)
        let why = isDistribution ? "all that comes from it is as old" : "it is installed because the profile asks"
        return "\(product) \(series) got its last security update on \(last); \(why)"
    }
}
