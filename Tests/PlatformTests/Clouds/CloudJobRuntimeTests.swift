import Foundation
import Glibc
import Platform
import Scanning
import SystemPackage
import Testing

@Suite("Cloud scans by a child process (runtime)")
struct CloudJobRuntimeTests {
    @Test("a recorded report of Prowler becomes findings, and what it could not look at makes the scan partial")
    func recorded() async throws {
        let clouds = try CloudBench()
        let bench = clouds.bench
        let final = try #require(try await clouds.run(clouds.queuedScan()))
        #expect(final.status == .partial && final.progress == 100 && final.totals?.files == 8)
        #expect(final.counts == SeverityCounts([.critical: 1, .high: 2, .medium: 2, .low: 1]))
        #expect(
            final.reason?.hasPrefix(
                "Prowler could not look at everything: 5 errors, such as us-east-1 -- ResponseParserError[1118]: Unable"
            )
                == true, "\(final.reason ?? "")")
        #expect(final.jobs.map(\.scanner) == ["prowler"] && final.jobs.map(\.status) == [.partial])
        let found = try await bench.store.findings(of: final.id, after: nil, limit: 9).items
        #expect(found.first?.rule == "iam_inline_policy_no_administrative_privileges")
        #expect(found.first?.path == "arn:aws:iam::123456789012:user/alice")
        #expect(found.first?.excerpt.contains("allows '*:*' administrative privileges") == true)
        #expect(try await bench.queue.counts(of: .webhook).waiting == 1)
        #expect(try bench.workspaces().isEmpty)
        // The same account scanned again: the same fingerprints.
        let again = try #require(try await clouds.run(clouds.queuedScan()))
        let prints = try await bench.store.findings(of: again.id, after: nil, limit: 9).items.map(\.fingerprint)
        #expect(prints == found.map(\.fingerprint))
    }

    @Test("the child gets its credentials in the environment, little else, no descriptor, and a private folder")
    func surroundings() async throws {
        let place = try ScratchFolder()
        let clouds = try CloudBench(
            script: """
                { env | sort; echo; echo "$arguments"; ls /proc/self/fd | wc -l; stat -c %a "$output"; umask
                cut -d' ' -f5 /proc/self/stat; ulimit -c; readlink /proc/self/fd/0; } > \(place.path)/told
                echo '[]' > "$output/report.ocsf.json"
                """, output: FilePath(place.path))
        let scan = try await clouds.queuedScan(services: ["s3", "iam"])
        #expect(try await clouds.run(scan)?.status == .completed)
        let told = try String(contentsOfFile: place.path + "/told", encoding: .utf8)
        let parts = told.components(separatedBy: "\n\n")
        let lines = parts[0].split(separator: "\n").filter { !$0.hasPrefix("PWD=") && !$0.hasPrefix("_=") }
        let names = lines.map { String($0.prefix { $0 != "=" }) }
        #expect(
            Set(names) == [
                "AWS_ACCESS_KEY_ID", "AWS_CONFIG_FILE", "AWS_DEFAULT_REGION", "AWS_EC2_METADATA_DISABLED",
                "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SHARED_CREDENTIALS_FILE", "HOME",
                "LANG", "PATH", "TMPDIR",
            ])
        #expect(lines.contains("AWS_SECRET_ACCESS_KEY=\(CloudAccount.sampleSecret)"))
        let rest = parts[1].split(separator: "\n").map(String.init)
        let folder = try #require(rest[0].split(separator: " ").dropFirst(4).first)
        #expect(folder.hasPrefix("\(place.path)/\(scan.id)/"))
        #expect(rest[0].hasSuffix("--no-banner --no-color --region eu-central-1 us-east-1 --services s3 iam"))
        #expect(!rest[0].contains(CloudAccount.sampleSecret) && !rest[0].contains(CloudAccount.sampleKey))
        // 0, 1, 2 and the folder that ls reads.
        #expect(Array(rest[1...2]) == ["4", "700"] && rest[5] == "0" && rest[6] == "/dev/null")
        #expect(Int(rest[4]) != Int(getpgrp()))
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.path) == ["told"])
    }

    @Test(
        "a Prowler that fails, or leaves what is no report, makes a failed scan that says how",
        arguments: [
            (
                "echo oops >&2; echo \"key $AWS_SECRET_ACCESS_KEY wrong\" >&2; echo >&2; exit 1",
                "Prowler ended with 1: key … wrong"
            ),
            ("exit 2", "Prowler ended with 2"), ("kill -9 $$", "Prowler was ended by signal 9"),
            ("exit 3", "Prowler left no report"),
            (
                "echo nonsense > \"$output/report.ocsf.json\"",
                "Prowler's report cannot be read: it is not a JSON list of objects"
            ),
            (
                "printf '[{\"a\": ' > \"$output/report.ocsf.json\"; exit 3",
                "Prowler's report cannot be read: it ends early"
            ),
            ("ln -s /dev/zero \"$output/report.ocsf.json\"; exit 3", "Prowler left no report"),
            ("mkfifo \"$output/report.ocsf.json\"; exit 3", "Prowler left no report"),
            (
                "{ printf '[{\"a\": \"'; head -c 3000000 /dev/zero; } > \"$output/report.ocsf.json\"",
                "Prowler's report cannot be read: an entry of it is larger than 1048576 bytes"
            ),
        ])
    func failures(script: String, reason: String) async throws {
        let clouds = try CloudBench(script: script)
        let final = try #require(try await clouds.run(clouds.queuedScan()))
        #expect(final.status == .failed && final.reason == reason, "\(final.reason ?? "")")
        #expect(final.jobs.map(\.reason) == [reason] && final.counts.total == 0)
        #expect(try clouds.bench.workspaces().isEmpty)
    }

    @Test(
        "an entry that cannot be read is counted and left out, what it says besides is bounded, and exit 0 without a report is nothing found"
    )
    func oddities() async throws {
        let entry = #"{"metadata":{"event_code":"c"},"status_code":"FAIL","finding_info":{}}"#
        let clouds = try CloudBench(
            script: """
                yes | head -c 20000000; yes | head -c 5000000 >&2
                printf '[{"x":1},%s,{"metadata":[]}]' '\(entry)' > "$output/report.ocsf.json"; exit 3
                """)
        let final = try #require(try await clouds.run(clouds.queuedScan()))
        #expect(final.status == .partial && final.counts.total == 1)
        #expect(final.reason == "Prowler could not look at everything: 2 entries of its report cannot be read")
        let nothing = try CloudBench(script: "exit 0")
        #expect(try await nothing.run(nothing.queuedScan())?.status == .completed)
    }

    /// A scan while Prowler and something that it started hang, both deaf to polite requests.
    private func hanging(
        _ body: (CloudBench, Scan, _ isGone: () throws -> Bool) async throws -> Void
    ) async throws {
        let place = try ScratchFolder()
        let clouds = try CloudBench(script: CloudBench.hanging(in: place))
        let scan = try await clouds.queuedScan()
        _ = try await clouds.bench.worker().runNext(stop: StopSignal())
        let engine = clouds.engine()
        async let ran = engine.runNext(stop: StopSignal())
        #expect(try await eventually { CloudBench.hangs(in: place) })
        // The look at the scan; the heartbeat sleeps longer.
        await clouds.bench.clock.sleepers(1, before: .seconds(2))
        try await body(clouds, scan) { !CloudBench.hangs(in: place) }
        #expect(try await ran)
        #expect(try await eventually { !CloudBench.hangs(in: place) })
        #expect(try clouds.bench.workspaces().isEmpty)
    }

    @Test("a cancel kills Prowler and all that it started, within about a second, and leaves nothing")
    func cancelled() async throws {
        try await hanging { (clouds, scan, isGone) in
            try await clouds.bench.store.finish(scan.id, as: .cancelled(reason: "asked"))
            clouds.bench.clock.advance(by: .seconds(1))
            #expect(try await eventually { try isGone() })
            #expect(try await clouds.bench.store.scan(scan.id)?.status == .cancelled)
        }
    }

    @Test("a Prowler that has not ended after four hours is killed, with all that it started, and the scan says so")
    func tooLong() async throws {
        try await hanging { (clouds, scan, isGone) in
            clouds.bench.clock.advance(by: .seconds(4 * 3600 - 1))
            #expect(try await clouds.bench.store.scan(scan.id)?.status == .running)
            #expect(try !isGone())
            clouds.bench.clock.advance(by: .seconds(1))
            #expect(try await eventually { try isGone() })
            #expect(try await eventually { try await clouds.bench.store.scan(scan.id)?.status == .failed })
            let failed = try #require(await clouds.bench.store.scan(scan.id))
            #expect(failed.reason == "Prowler did not end within 14400 s" && failed.counts.total == 0)
            #expect(failed.jobs.map(\.reason) == [failed.reason])
        }
    }

    @Test("what an account lacks ends its scan in words: removed, sealed with another key, no Prowler")
    func lacking() async throws {
        let clouds = try CloudBench()
        let other = try CloudBench(vaultByte: 2)
        let wrong = try await clouds.queuedScan(vault: other.vault)
        let failed = try #require(try await clouds.run(wrong))
        #expect(failed.status == .failed)
        #expect(failed.reason?.contains("CLOUD_ENCRYPTION_KEY is not the key they were stored with") == true)
        let removed = try await clouds.queuedScan()
        _ = try await clouds.bench.store.removeCloudAccount("account-1", of: "u1")
        #expect(
            try await clouds.run(removed)?.reason == "the cloud account was removed; add it and scan again")
        let gone = try CloudBench(script: "exit 0")
        let scan = try await gone.queuedScan()
        try FileManager.default.removeItem(atPath: gone.prowler.program.string)
        #expect(try await gone.run(scan)?.reason?.contains("scanners: [prowler]") == true)
    }

    @Test("an engine that was killed halfway costs a lease: its files go, and the next one doubles nothing")
    func killed() async throws {
        let clouds = try CloudBench()
        let bench = clouds.bench
        let scan = try await clouds.queuedScan()
        _ = try await clouds.bench.worker().runNext(stop: StopSignal())
        let held = try #require(await bench.queue.claim(from: .cloud, by: "killed"))
        let left = bench.data.workspace(scan.id).appending(held.receipt)
        try bench.data.createTree(left)
        #expect(try await !clouds.engine().runNext(stop: StopSignal()))
        bench.time.advance(by: bench.queue.lease)
        #expect(try await clouds.engine().runNext(stop: StopSignal()))
        #expect(try await bench.store.scan(scan.id)?.counts.total == 6)
        #expect(try bench.workspaces().isEmpty)
    }
}
