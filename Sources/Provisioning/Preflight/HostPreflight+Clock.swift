import Host

/// A clock that is far off makes every signature and certificate look wrong. What other machines say of the time are the
/// dates of the repositories' indexes.
extension HostPreflight {
    private static let next = "set it, as with timedatectl set-ntp true"

    /// Without asking anybody: before 2026 this release did not exist.
    func clock(_ host: any Host) -> [Preflight.Finding] {
        guard host.wallTime() < Day(2026, 1, 1).start else { return [] }
        return [.init("the clock is wrong: it is before 2026", next: Self.next)]
    }

    /// `dates`: of the indexes that were read, by address. apt refuses one that is of later, and one that counts no more
    /// unless it is told that its mirror stands still on purpose.
    func clock(
        _ host: any Host, against dates: [(address: String, dates: RepositoryDates)], as apt: PackageHealth
    ) -> [Preflight.Finding] {
        let now = host.wallTime()
        let later = dates.filter { ($0.dates.made ?? 0) > now + Self.tolerance }
        if let latest = later.max(by: { ($0.dates.made ?? 0) < ($1.dates.made ?? 0) }), let made = latest.dates.made {
            return [
                .init(
                    "the clock is behind: it says \(Day(at: now)), and \(latest.address) was made on \(Day(at: made))",
                    next: Self.next)
            ]
        }
        let limited = dates.filter { $0.dates.validUntil != nil && !apt.frozenIndexes.contains($0.address) }
        let stale = limited.filter { ($0.dates.validUntil ?? now) < now - Self.tolerance }
        guard !stale.isEmpty, !apt.acceptsStaleIndexes else { return [] }
        let allowed =
            "a mirror that stands still on purpose needs Check-Valid-Until: no in its file of /etc/apt/sources.list.d"
        if stale.count == limited.count, limited.count > 1 {
            let end = limited.compactMap(\.dates.validUntil).max() ?? now
            return [
                .init(
                    "the clock is ahead, or all repositories stand still: it says \(Day(at: now)), and none of them "
                        + "counts after \(Day(at: end))", next: "\(Self.next); \(allowed)")
            ]
        }
        return stale.map { stale in
            .init(
                "\(stale.address) stands still, or the clock is ahead: it says \(Day(at: now)), and this one counts "
                    + "until \(Day(at: stale.dates.validUntil ?? now))", next: "use another mirror; \(allowed)")
        }
    }

    /// What is off by less, apt says itself.
    private static let tolerance: Int64 = 3_600_000
}
