import CoreTypes
import Fernet
import Foundation
import Glibc
import Platform
import SystemPackage

/// A platform with a vault and a Prowler: the stand-in that replays a recorded run, or a script of the test's own.
final class CloudBench: Sendable {
    /// The folder of the stand-in and what it replays.
    static let standin = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Fixtures/prowler/standin").standardizedFileURL.path

    let bench: Bench
    let prowler: Prowler
    let vault: CloudVault

    init(
        script: String? = nil, vaultByte: UInt8 = 1, output: FilePath? = nil,
        adjust: (inout Services) -> Void = { _ in }
    ) throws {
        let scripts = try ScratchFolder()
        var program = Self.standin + "/prowler-standin"
        if let script {
            program = scripts.path + "/prowler"
            try Self.write("#!/bin/sh\n" + Self.options + script, to: program)
        }
        var environment = ["PROWLER_PROGRAM": program, "AWS_ENDPOINT_URL": "http://127.0.0.1:1", "SECRET": "ours"]
        environment["PROWLER_HOST_OUTPUT_DIR"] = output?.string
        let prowler = try Prowler(environment: environment)!
        let key = Base64URL.encode([UInt8](repeating: vaultByte, count: FernetKey.size), padded: true)
        let vault = try CloudVault(Secret(key, named: "CLOUD_ENCRYPTION_KEY"), time: TestTime().clock)
        bench = try Bench {
            $0.prowler = prowler
            $0.vault = vault
            adjust(&$0)
        }
        (self.prowler, self.vault, self.scripts) = (prowler, vault, scripts)
    }

    private let scripts: ScratchFolder

    /// For scripts: `$output` and `$log` are where Prowler is told to write.
    private static let options = """
        arguments="$*"
        while [ $# -gt 0 ]; do
            case $1 in --output-directory) output=$2 ;; --log-file) log=$2 ;; esac
            shift
        done

        """

    static func write(_ script: String, to path: String) throws {
        try Data(script.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// A script that hangs, deaf to polite requests, with something it has started beside it.
    static func hanging(in place: ScratchFolder) -> String {
        """
        (trap '' TERM HUP; sleep 1000) & echo $! > \(place.path)/grandchild
        echo $$ > \(place.path)/child; trap '' TERM; sleep 1000
        """
    }

    /// Whether one of them is there.
    static func hangs(in place: ScratchFolder) -> Bool {
        let numbers = ["child", "grandchild"].compactMap { name in
            (try? String(contentsOfFile: "\(place.path)/\(name)", encoding: .utf8)).flatMap {
                pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        return numbers.count == 2 && numbers.contains { kill($0, 0) == 0 && !isZombie($0) }
    }

    private static func isZombie(_ pid: pid_t) -> Bool {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return text.split(separator: ")").last?.split(separator: " ").first == "Z"
    }

    /// A queued cloud scan of an account of this user, as the API makes them.
    func queuedScan(of user: String = "u1", services: [String] = ["s3"], vault: CloudVault? = nil) async throws -> Scan
    {
        let account = try CloudAccount.sample(sealedBy: vault ?? self.vault, user: user)
        _ = try await bench.store.add(account)
        var scan = Scan(
            id: .random(), userID: user, kind: .cloud, fileName: nil, uploadBytes: 0, createdAt: bench.time.now)
        scan.target = CloudTarget(account: account.id, name: account.name, services: services)
        try await bench.store.create(scan)
        try await bench.queue.add(Job(scan: scan.id), to: .scan)
        return scan
    }

    func engine(vault: CloudVault? = nil) -> JobConsumer {
        JobConsumer(
            queue: bench.queue, topic: .cloud, name: "engine",
            handler: CloudJob(
                store: bench.store, data: bench.data, prowler: prowler, vault: vault ?? self.vault,
                clock: bench.clock, logger: .silent), clock: bench.clock, logger: .silent)
    }

    /// The scan after worker and engine had it.
    func run(_ scan: Scan) async throws -> Scan? {
        _ = try await bench.worker().runNext(stop: StopSignal())
        _ = try await engine().runNext(stop: StopSignal())
        return try await bench.store.scan(scan.id)
    }
}
