/// When releases of distributions stop getting security fixes for everybody, paid extensions left out.
///
/// From endoflife.date (products debian, with its LTS, ubuntu and alpine-linux) as of spring 2026, which follows
/// wiki.debian.org/DebianReleases, wiki.ubuntu.com/Releases and alpinelinux.org/releases.
enum EndOfLife {
    private static let catalogue = """
        debian 6 2016-02-29|debian 7 2018-05-31|debian 8 2020-06-30|debian 9 2022-07-01|debian 10 2024-06-30
        debian 11 2026-08-31|debian 12 2028-06-30
        ubuntu 12.04 2017-04-28|ubuntu 14.04 2019-04-02|ubuntu 16.04 2021-04-02|ubuntu 18.04 2023-05-31
        ubuntu 20.04 2025-05-31|ubuntu 20.10 2021-07-22|ubuntu 21.04 2022-01-20|ubuntu 21.10 2022-07-14
        ubuntu 22.04 2027-04-01|ubuntu 22.10 2023-07-20|ubuntu 23.04 2024-01-20|ubuntu 23.10 2024-07-12
        ubuntu 24.04 2029-05-31|ubuntu 24.10 2025-07-10|ubuntu 25.04 2026-01-17|ubuntu 25.10 2026-07-01
        ubuntu 26.04 2031-04-30
        alpine 3.0 2016-05-01|alpine 3.1 2016-11-01|alpine 3.2 2017-05-01|alpine 3.3 2017-11-01|alpine 3.4 2018-05-01
        alpine 3.5 2018-11-01|alpine 3.6 2019-05-01|alpine 3.7 2019-11-01|alpine 3.8 2020-05-01|alpine 3.9 2020-11-01
        alpine 3.10 2021-05-01|alpine 3.11 2021-11-01|alpine 3.12 2022-05-01|alpine 3.13 2022-11-01
        alpine 3.14 2023-05-01|alpine 3.15 2023-11-01|alpine 3.16 2024-05-23|alpine 3.17 2024-11-22
        alpine 3.18 2025-05-09|alpine 3.19 2025-11-01|alpine 3.20 2026-04-01|alpine 3.21 2026-11-01
        alpine 3.22 2027-05-01|alpine 3.23 2027-11-01
        """

    private static let dates: [String: String] = Dictionary(
        catalogue.split { $0 == "\n" || $0 == "|" }.map { line in
            let words = line.split(separator: " ")
            return ("\(words[0]) \(words[1])", String(words[2]))
        }, uniquingKeysWith: { $1 })

    /// The last day with fixes, as `2026-08-31`; `nil` where the catalogue does not know the release.
    static func date(of distribution: String, _ version: String) -> String? {
        // Alpine names its third number, too; for the end of life the first two count.
        let parts = version.split(separator: ".").prefix(2).joined(separator: ".")
        return dates["\(distribution) \(parts)"] ?? dates["\(distribution) \(version.prefix { $0 != "." })"]
    }
}
