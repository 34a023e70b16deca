import CLI
import Control
import CoreTypes
import Foundation
import Host
import HostFixtures
import Synchronization
import SystemPackage
import Testing

@Suite("An upgrade from a package")
struct UpgradeTests {
    @Test("replaces the version, and tells that the supervisor is the new program with the processes that it had")
    func upgraded() async throws {
        let typed = try UpgradeFixture()
        let said = await typed.upgrade()
        #expect(said.exit == 0, "\(said.failure)")
        #expect(typed.installedFiles == ["/srv/bedplate.deb"])
        #expect(
            said.result == """
                upgraded from 1.0.0 to 1.1.0
                  the supervisor is 1.1.0 now, and still process 99
                  run on: api@blue, engine
                  what this version would change on the host: bedplate install --check
                """)
        let again = await typed.upgrade("--json")
        #expect(again.exit == 0)
        #expect(try again.json["outcome"] as? String == "unchanged")
        #expect(typed.installedFiles.count == 1)
    }

    @Test("only looks with --check, and ends with 2")
    func check() async throws {
        let typed = try UpgradeFixture()
        let said = await typed.upgrade("--check")
        #expect(said.exit == 2)
        #expect(
            said.result
                == "would install 1.1.0 over 1.0.0; the supervisor (process 99) becomes it, and 2 instances would run on"
        )
        #expect(typed.installedFiles == [])
    }

    @Test("changes nothing for a file that is no whole package of ours for this host, with room, and no older one")
    func refused() async throws {
        let refusals: [(String, Int32, (inout UpgradeFixture.Package, FakeHost) -> Void)] = [
            ("no whole package", 1, { package, _ in package.name = "curl" }),
            ("no whole package", 1, { package, _ in package.isWhole = false }),
            ("no whole package", 1, { package, _ in package.version = "--force-all" }),
            ("no whole package", 1, { package, _ in package.version = "1.1 0" }),
            ("for arm64, and this host is amd64", 64, { package, _ in package.architecture = "arm64" }),
            ("1.0.0 is installed, which is newer", 64, { package, _ in package.version = "0.9.9" }),
            (
                "MiB below /usr/lib/bedplate", 1,
                { _, host in host.machine.setSpace(Space(device: 1, available: 60 << 20)) }
            ),
            ("no such file", 64, { _, host in try? host.disk.remove("/srv/bedplate.deb") }),
            (
                "not the file that /srv/bedplate.deb.sha256 names", 1,
                { _, host in host.disk.plant("/srv/bedplate.deb.sha256", String(repeating: "0", count: 64) + "  x\n") }
            ),
            ("no package of bedplate", 64, { _, host in host.machine.setPackages([:]) }),
        ]
        for (because, exit, change) in refusals {
            let typed = try UpgradeFixture(preparing: change)
            let said = await typed.upgrade()
            #expect(said.exit == exit, "\(because): \(said)")
            #expect(said.failure.contains(because) && said.failure.contains("next: "), "\(because): \(said)")
            #expect(typed.installedFiles == [], "\(because)")
        }
    }

    @Test("takes an older version when asked, and a file that its digest names")
    func asked() async throws {
        let typed = try UpgradeFixture(preparing: { package, host in
            package.version = "0.9.9"
            // Of "a package", as sha256sum says.
            host.disk.plant(
                "/srv/bedplate.deb.sha256", "\(UpgradeFixture.digest)  bedplate.deb\n")
        })
        #expect(await typed.upgrade("--downgrade").exit == 0)
        #expect(typed.installedFiles == ["/srv/bedplate.deb"])
    }

    @Test("fails with the next command when the supervisor stays the earlier program")
    func stayed() async throws {
        let typed = try UpgradeFixture(reexecutes: false)
        let said = await typed.upgrade()
        #expect(said.exit == 1)
        #expect(
            said.failure == """
                cannot upgrade to 1.1.0: the package is installed, and the supervisor still runs 1.0.0; what it runs goes on
                  next: systemctl reload bedplated.service, then bedplate status
                """)
    }

    @Test("fails and names the instances that have another process than before")
    func lost() async throws {
        let typed = try UpgradeFixture(onUpgrade: { $0.fell(try InstanceName("engine"), because: "it ended") })
        let said = await typed.upgrade()
        #expect(said.exit == 1)
        #expect(
            said.result.contains("run on: api@blue\n  have another process, or none: engine\n  next: bedplate status"))
    }

    @Test("says in which state a failed one left the host, and how to go on from there")
    func failed() async throws {
        let states: [(PackageDatabase, String, String)] = [
            (
                PackageDatabase(records: ["bedplate": PackageRecord(version: "1.0.0")]), "1.0.0 is installed and whole",
                "next: mend that, then run the same command again"
            ),
            (
                PackageDatabase(records: ["bedplate": PackageRecord(version: "1.1.0", state: .unfinished)]),
                "dpkg has not finished", "next: mend that, then dpkg --configure -a, then run the same command again"
            ),
            (
                UpgradeFixture.torn, "its files are replaced in part",
                "next: mend that, then apt-get install --reinstall /srv/bedplate.deb"
            ),
        ]
        for (database, state, next) in states {
            let typed = try UpgradeFixture()
            typed.host.machine.onInstallFile { [host = typed.host] _ in
                host.machine.setPackages(database)
                throw HostError.ended(command: "apt-get install", how: "ended with 100", said: "E: no space left")
            }
            let said = await typed.upgrade()
            #expect(said.exit == 1)
            #expect(said.failure.contains("E: no space left\n  now: \(state); the supervisor runs on with 2 instances"))
            #expect(said.failure.contains(next), "\(said.failure)")
        }
    }

    @Test("finishes what a killed one left half done, and says whose lock it waits for")
    func halfDone() async throws {
        let typed = try UpgradeFixture(preparing: { _, host in
            host.machine.setPackages(UpgradeFixture.torn)
            host.machine.setLockHolders([
                PackageLockHolder(file: "/var/lib/dpkg/lock", pid: 12, command: "dpkg")
            ])
        })
        let said = await typed.upgrade()
        #expect(said.exit == 0, "\(said.failure)")
        #expect(said.progress.contains("  waiting: /var/lib/dpkg/lock is held by process 12 (dpkg)"))
    }

    @Test("works where no supervisor runs, and says so")
    func nobody() async throws {
        let typed = try UpgradeFixture(runs: false)
        let said = await typed.upgrade()
        #expect(said.exit == 0, "\(said.failure)")
        #expect(said.result.contains("no supervisor ran; systemctl start bedplated starts one"))
    }

    @Test("is refused to a trial, and while an installation runs")
    func elsewhere() async throws {
        let typed = try UpgradeFixture()
        let trial = await typed.upgrade("--root", "/trial")
        #expect(trial.exit == 64 && trial.failure.contains("bedplate trial start"))
        typed.host.disk.plant("/run/bedplate/.keep", "")
        let lock = try typed.host.files.lock(Layout().installLock)
        let busy = await typed.upgrade()
        #expect(busy.exit == 75 && busy.failure.contains("another installation is running"))
        lock.release()
        #expect(typed.installedFiles == [])
    }
}
