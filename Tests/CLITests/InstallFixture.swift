import CLI
import Control
import CoreTypes
import Foundation
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

/// A bare host with a checkout, and `bedplate install` typed on it.
final class InstallFixture {
    let host: FakeHost
    let layout = Layout()
    let supervisor: StartedSupervisor
    private static let profile: String = {
        let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "profiles/cspm.yaml")
        let text = (try? String(contentsOf: path, encoding: .utf8)) ?? ""
        return text.replacing(#/fingerprint: [0-9A-F]{40}/#, with: "fingerprint: \(SampleKeys.lastingFingerprint)")
    }()

    init(_ release: [String: String] = FakeHost.debian12) {
        host = FakeHost.bare(release)
        supervisor = StartedSupervisor(host, stack: layout.stack)
        for name in ["bedplate", "bedplated", "bedplate-probe", "cspm"] {
            host.disk.plant(FilePath("/build/\(name)"), name)
        }
        host.disk.plant("/checkout/profiles/cspm.yaml", Self.profile)
        host.disk.plant("/checkout/web/index.html", "<!doctype html>")
        host.disk.plant("/checkout/packaging/python/bedplate_celery.py", "")
        host.disk.plant("/checkout/units/bedplated.service", "[Service]\n")
        let mongodb = release["ID"] == "debian" ? "debian/dists/bookworm" : "ubuntu/dists/jammy"
        host.serve(
            keys: [
                "https://deb.nodesource.com/gpgkey/nodesource-repo.gpg.key",
                "https://www.mongodb.org/static/pgp/server-7.0.asc",
            ],
            repositories: [
                "https://deb.nodesource.com/node_20.x/dists/nodistro/InRelease",
                "https://repo.mongodb.org/apt/\(mongodb)/mongodb-org/7.0/InRelease",
            ],
            archives: [
                (
                    "https://github.com/astral-sh/python-build-standalone/releases/download/20241206/"
                        + "cpython-3.12.8+20241206-x86_64-unknown-linux-gnu-install_only.tar.gz",
                    "b9d6ee5ddac1198e72d53112698773fc8bb597de095592eb849ca794306699ba"
                )
            ])
        host.machine.onExchange { [host, layout] _ in
            let live = try LiveConfiguration.liveSlot(layout, on: host)
            return Array("HTTP/1.1 200 OK\r\n\r\n\(live.map(\.rawValue) ?? "")\n".utf8)
        }
    }

    func type(
        _ arguments: [String], at terminal: RecordingTerminal = RecordingTerminal()
    ) async -> CommandLineFixture.Said {
        let invocation = Invocation(
            host: host, programs: "/build", workingDirectory: "/", terminal: terminal,
            supervisor: { [supervisor] _ in supervisor })
        let exit = await Program.run(arguments, as: invocation)
        return CommandLineFixture.Said(
            exit: exit, result: terminal.results.joined(separator: "\n"), progress: terminal.progress,
            failure: terminal.failures.joined(separator: "\n"))
    }

    func install(_ more: String...) async -> CommandLineFixture.Said {
        await type(["install", "--checkout", "/checkout"] + more)
    }
}
