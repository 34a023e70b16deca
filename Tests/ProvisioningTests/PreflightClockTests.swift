import Foundation
import Host
import HostFixtures
import Profiles
import Provisioning
import SystemPackage
import Testing

/// The fake host's clock stands at the first moment of 2026.
@Suite struct PreflightClockTests {
    private static let day: Int64 = 86_400_000
    private let index = "http://deb.debian.org/debian/dists/bookworm/InRelease"
    private let security = "http://security.debian.org/dists/bookworm-security/InRelease"

    private func host() throws -> (FakeHost, Profile) {
        let profile = try ShippedProfile.load()
        return (try ShippedProfile.host(FakeHost.debian12, profile), profile)
    }

    private func findings(_ host: FakeHost, _ profile: Profile) async throws -> [Preflight.Finding] {
        try await HostPreflight(profile, layout: Layout(), ports: []).check(host)
    }

    private func obstacles(_ host: FakeHost, _ profile: Profile) async throws -> [String] {
        try await findings(host, profile).filter { !$0.isWarning }.map(\.sentence)
    }

    private func serve(_ host: FakeHost, _ indexes: [(address: String, made: String, until: String?)]) {
        host.machine.setIndexes(indexes.map(\.address))
        for index in indexes {
            var text = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nOrigin: Debian\nDate: \(index.made)\n"
            if let until = index.until { text += "Valid-Until: \(until)\n" }
            host.machine.setDownload(index.address, Array((text + "SHA256:\n").utf8))
        }
    }

    @Test("a clock that is far behind is in the way, before it makes every key look wrong")
    func behind() async throws {
        let (host, profile) = try host()
        host.manualClock.advance(by: .seconds(-86_400))
        #expect(try await obstacles(host, profile) == ["the clock is wrong: it is before 2026"])
    }

    @Test("a clock that is behind what a repository was made on is in the way, and is said once")
    func behindRepositories() async throws {
        let (host, profile) = try host()
        serve(
            host,
            [
                (index, "Sat, 10 Jan 2026 10:20:30 UTC", nil),
                (security, "Sun, 01 Mar 2026 08:00:00 UTC", "Sun, 08 Mar 2026 08:00:00 UTC"),
            ])
        #expect(
            try await obstacles(host, profile) == [
                "the clock is behind: it says 2026-01-01, and \(security) was made on 2026-03-01"
            ])
        let found = try await findings(host, profile).filter { !$0.isWarning }
        #expect(found.map(\.next) == ["set it, as with timedatectl set-ntp true"])
        // Some minutes are what clocks differ by.
        serve(host, [(index, "Thu, 01 Jan 2026 00:20:00 +0000", nil)])
        #expect(try await obstacles(host, profile) == [])
    }

    @Test("a clock that is ahead of all repositories is in the way, and a single one that stands still is named")
    func ahead() async throws {
        let (host, profile) = try host()
        serve(
            host,
            [
                (index, "Wed, 31 Dec 2025 10:00:00 UTC", "Thu, 08 Jan 2026 10:00:00 UTC"),
                (security, "Wed, 31 Dec 2025 08:00:00 UTC", "Fri, 09 Jan 2026 08:00:00 UTC"),
            ])
        #expect(try await obstacles(host, profile) == [])
        host.manualClock.advance(by: .seconds(8 * 86_400))
        #expect(
            try await obstacles(host, profile) == [
                "\(index) stands still, or the clock is ahead: it says 2026-01-09, and this one counts until 2026-01-08"
            ])
        host.manualClock.advance(by: .seconds(92 * 86_400))
        #expect(
            try await obstacles(host, profile) == [
                "the clock is ahead, or all repositories stand still: it says 2026-04-11, and none of them counts after "
                    + "2026-01-09"
            ])
        // Frozen mirrors are a choice, which apt is told of: of one, or of all.
        host.machine.setHealth(PackageHealth(frozenIndexes: [security]))
        #expect(
            try await obstacles(host, profile) == [
                "\(index) stands still, or the clock is ahead: it says 2026-04-11, and this one counts until 2026-01-08"
            ])
        host.machine.setHealth(PackageHealth(frozenIndexes: [security, index]))
        #expect(try await obstacles(host, profile) == [])
        host.machine.setHealth(PackageHealth(acceptsStaleIndexes: true))
        #expect(try await obstacles(host, profile) == [])
    }

    @Test("once all is installed, no repository is asked for the time")
    func installed() async throws {
        let (host, profile) = try host()
        serve(host, [(index, "Sat, 10 Jan 2027 10:20:30 UTC", nil)])
        host.disk.plant(Layout().stack, "{}")
        #expect(try await obstacles(host, profile) == [])
    }

    @Test("a date is read as it is written, and one that is not a date is none")
    func dates() {
        func made(_ text: String) -> Int64? { RepositoryDates(Array("Origin: x\nDate: \(text)\n".utf8)).made }
        #expect(made("Sat, 28 Nov 2026 14:46:47 UTC") == 1_795_877_207_000)
        #expect(made("Sun,  1 Mar 2026 00:00:00 GMT") == Day(2026, 3, 1).start)
        #expect(made("Thu, 29 Feb 2024 23:59:59 +0000") == Day(2024, 2, 29).end - 1000)
        for wrong in [
            "", "yesterday", "Sat, 28 Nov 2026 14:46 UTC", "Sat, 28 Foo 2026 14:46:47 UTC",
            "Sat, 99 Nov 2026 14:46:47 UTC", "Sat, 28 Nov 2026 14:46:47 CET",
        ] { #expect(made(wrong) == nil, "\(wrong)") }
    }

    @Test("every day of some centuries begins where the one before it ends, and is found by its moments")
    func days() {
        var last = Day(1970, 1, 1)
        #expect(last.start == 0)
        var wrong: [Day] = []
        for number in 1..<100_000 {
            let day = Day(at: Int64(number) * Self.day)
            if day.start != last.end || Day(at: day.end - 1) != day { wrong.append(day) }
            last = day
        }
        #expect(wrong.isEmpty)
        #expect("\(last)" == "2243-10-16")
    }

    @Test("the documents have every end of updates, with who says so")
    func documented() throws {
        let path = ShippedProfile.repository.appending("docs/install.md").string
        let document = try String(contentsOf: URL(filePath: path), encoding: .utf8)
        for known in EndOfLife.catalogue {
            let row = "| \(known.product) \(known.series) | \(known.last) | \(known.source) |"
            #expect(document.contains(row), "\(row)")
        }
    }

    @Test("the last day with updates is one with updates")
    func lastDay() async throws {
        let (host, profile) = try host()
        let node = try #require(EndOfLife.catalogue.first { $0.product == "Node" })
        func isSaid() async throws -> Bool {
            try await findings(host, profile).contains { $0.sentence.hasPrefix("Node 20 got its last security update") }
        }
        host.manualClock.advance(by: .milliseconds(node.last.end - 1000 - host.wallTime()))
        #expect(try await !isSaid())
        host.manualClock.advance(by: .seconds(1))
        #expect(try await isSaid())
    }

    @Test(
        "all that is installed is watched for the end of its updates, the distribution too",
        arguments: [FakeHost.debian12, FakeHost.ubuntu2404])
    func endOfLife(release: [String: String]) async throws {
        let profile = try ShippedProfile.load()
        let host = try ShippedProfile.host(release, profile)
        host.manualClock.advance(by: .seconds(4 * 366 * 86_400))
        let said = try await findings(host, profile).map(\.sentence)
        let distribution = release["ID"] == "debian" ? "Debian 12" : "Ubuntu 24.04"
        for name in ["Node 20", "MongoDB 7.0", "Python 3.12", distribution] {
            #expect(said.contains { $0.hasPrefix("\(name) got its last security update on ") }, "\(name)")
        }
        #expect(said.filter { $0.contains("got its last security update") }.count == 4)
    }
}
