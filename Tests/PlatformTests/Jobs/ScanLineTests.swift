import Foundation
import Scanning
import SystemPackage
import Testing

@testable import Platform

@Suite("From upload to findings")
struct ScanLineTests {
    private let bench: Bench
    init() throws { bench = try Bench() }

    private func engine(_ source: some FindingSource, mostFindings: Int = 1000) -> JobConsumer {
        JobConsumer(
            queue: bench.queue, topic: .engine, name: "engine",
            handler: EngineJob(
                store: bench.store, data: bench.data, scanner: source, mostFindings: mostFindings, clock: bench.clock,
                logger: .silent),
            clock: bench.clock, logger: .silent)
    }

    /// A queued scan of these bytes.
    private func scan(_ bytes: [UInt8]) async throws -> Scan {
        let scan = try await bench.queuedScan()
        try Data(bytes).write(to: URL(filePath: bench.data.upload(scan.id).string))
        return scan
    }

    private static let twoFiles = Zip.archive([("src/a.py", Array("one\ntwo\n".utf8)), ("b.txt", Array("x\n".utf8))])

    @Test("a ZIP is unpacked, scanned and tidied away; the scan is completed with what was found")
    func wholeLine() async throws {
        let scan = try await scan(Self.twoFiles)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.store.scan(scan.id)?.status == .running)
        #expect(try await engine(LineSource()).runNext(stop: StopSignal()))
        let final = try #require(await bench.store.scan(scan.id))
        #expect(final.status == .completed && final.counts[.high] == 3 && final.totals?.files == 2)
        #expect(final.jobs.map(\.scanner) == ["lines"] && final.jobs.map(\.status) == [.completed])
        #expect(try bench.uploads().isEmpty)
        #expect(try bench.workspaces().isEmpty)
    }

    @Test(
        "what is no good ZIP ends as a failed scan with a sentence, and the worker goes on",
        arguments: [
            ("empty", [UInt8]()), ("no ZIP", Array("hello, this is text".utf8)),
            ("a name outside", Zip.archive([("../outside", [1])])),
            ("an absolute name", Zip.archive([("/etc/x", [1])])),
            ("half a ZIP", Array(twoFiles.prefix(40))),
        ])
    func badArchives(name: String, bytes: [UInt8]) async throws {
        let bad = try await scan(bytes)
        let good = try await scan(Self.twoFiles)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        let failed = try #require(await bench.store.scan(bad.id))
        #expect(failed.status == .failed)
        #expect(failed.reason?.hasPrefix("the upload cannot be unpacked: the ") == true, "\(failed.reason ?? "")")
        #expect(try await bench.store.scan(good.id)?.status == .running)
        #expect(try bench.uploads() == ["\(good.id).zip"])
    }

    @Test("an upload that is gone is tried again, and in the end is a failed scan")
    func missingUpload() async throws {
        let scan = try await bench.queuedScan()
        for attempt in 1...5 {
            #expect(try await bench.worker().runNext(stop: StopSignal()))
            bench.time.advance(by: .seconds(1 << attempt))
        }
        let failed = try #require(await bench.store.scan(scan.id))
        #expect(failed.status == .failed)
        #expect(failed.reason == "the upload could not be unpacked: it failed 5 times")
    }

    @Test("an engine that is killed halfway costs a lease and doubles nothing")
    func killedEngine() async throws {
        let scan = try await scan(Self.twoFiles)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        // The killed one had stored a part of the findings and acknowledged nothing.
        let held = try #require(await bench.queue.claim(from: .engine, by: "killed"))
        let folder = bench.data.workspace(scan.id).appending(held.job.payload)
        var some: [Finding] = []
        _ = try LineSource().search(
            folder, isCancelled: { false }, report: { if some.count < 2 { some.append($0) } })
        try await bench.store.add(some, to: scan.id)
        #expect(try await !engine(LineSource()).runNext(stop: StopSignal()))

        bench.time.advance(by: bench.queue.lease)
        #expect(try await engine(LineSource()).runNext(stop: StopSignal()))
        let final = try #require(await bench.store.scan(scan.id))
        #expect(final.status == .completed && final.counts.total == 3)
        #expect(try await bench.store.findings(of: scan.id, after: nil, limit: 9).items.count == 3)
    }

    @Test("a worker that is killed before, or after, it handed on leads to one engine job")
    func killedWorker() async throws {
        let scan = try await scan(Self.twoFiles)
        _ = try #require(await bench.queue.claim(from: .scan, by: "killed"))
        try await bench.store.advance(scan.id, to: 10)
        bench.time.advance(by: bench.queue.lease)
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.queue.counts(of: .engine).waiting == 1)
        // Upkeep of a scan that got its job twice.
        try await bench.queue.add(Job(scan: scan.id), to: .scan)
        #expect(try await engine(LineSource()).runNext(stop: StopSignal()))
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.queue.counts(of: .engine) == QueueCounts(waiting: 0, held: 0, dead: 0))
        #expect(try await bench.store.scan(scan.id)?.counts.total == 3)
    }

    @Test("more findings than are kept make a partial scan that says so")
    func tooManyFindings() async throws {
        let lines = [UInt8](repeating: UInt8(ascii: "\n"), count: 1500)
        let scan = try await scan(Zip.archive([("big.txt", lines)]))
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await engine(LineSource(), mostFindings: 1000).runNext(stop: StopSignal()))
        let final = try #require(await bench.store.scan(scan.id))
        #expect(final.status == .partial && final.counts.total == 1000)
        #expect(final.reason == "more than 1000 findings: the scan stopped there")
        #expect(final.jobs.map(\.status) == [.partial] && final.jobs.map(\.reason) == [final.reason])
    }

    @Test("a scan that is cancelled, or removed, while the engine is at it ends the scanner, the job and the files")
    func cancelledWhileRunning() async throws {
        for isRemoved in [false, true] {
            let scan = try await scan(Self.twoFiles)
            #expect(try await bench.worker().runNext(stop: StopSignal()))
            let engine = engine(EndlessSource())
            async let ran = engine.runNext(stop: StopSignal())
            // The heartbeat of the job and the look at its scan.
            await bench.clock.sleepers(2)
            if isRemoved {
                try await bench.store.remove(scan.id)
            } else {
                try await bench.store.finish(scan.id, as: .cancelled(reason: "asked"))
            }
            bench.clock.advance(by: .seconds(1))
            #expect(try await ran)
            #expect(try await bench.store.scan(scan.id)?.status == (isRemoved ? nil : .cancelled))
            #expect(try await bench.queue.counts(of: .engine) == QueueCounts(waiting: 0, held: 0, dead: 0))
            #expect(try bench.uploads().isEmpty && bench.workspaces().isEmpty)
        }
    }

    @Test("text that was passed over makes a partial scan that says what is missing; binaries and links do not")
    func gaps() {
        var summary = ScanSummary()
        summary.skipped = [.binary: 4, .link: 1, .special: 1]
        #expect(SecretScanner.gap(in: summary) == nil)
        summary.skipped[.tooLarge] = 2
        summary.skipped[.utf16] = 1
        summary.filesCutShort = 3
        #expect(
            SecretScanner.gap(in: summary)
                == "not every file was scanned to its end: 1 in UTF-16, 2 too large, 3 with more findings than are kept"
        )
    }

    @Test("a scan whose job was never added gets one from upkeep, a fresh one is left alone")
    func orphan() async throws {
        let upkeep = Upkeep(
            store: bench.store, queue: bench.queue, data: bench.data, time: bench.time.clock, logger: .silent)
        let orphan = Scan(id: .random(), userID: "u", fileName: nil, uploadBytes: 1, createdAt: bench.time.now)
        try await bench.store.create(orphan)
        try await upkeep.runOnce()
        #expect(try await bench.queue.counts(of: .scan).waiting == 0)
        bench.time.advance(by: .seconds(61))
        try await upkeep.runOnce()
        try await upkeep.runOnce()
        #expect(try await bench.queue.counts(of: .scan).waiting == 1)
    }

    @Test("upkeep removes old files of nobody and keeps those of open scans")
    func leftovers() async throws {
        let scan = try await scan(Self.twoFiles)
        let old = [bench.data.partialUpload(.random()), bench.data.upload(.random()), bench.data.upload(scan.id)]
        for path in old {
            try Data([1]).write(to: URL(filePath: path.string))
            let date = Date(timeIntervalSince1970: Double(bench.time.now.seconds) - 3601)
            try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path.string)
        }
        let young = bench.data.partialUpload(.random())
        try Data([1]).write(to: URL(filePath: young.string))
        let upkeep = Upkeep(
            store: bench.store, queue: bench.queue, data: bench.data, time: bench.time.clock, logger: .silent)
        try await upkeep.runOnce()
        #expect(try Set(bench.uploads()) == ["\(scan.id).zip", young.lastComponent!.string])
    }
}

/// Finds one thing in each line of each file.
struct LineSource: FindingSource {
    let name = "lines"

    func search(_ folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> SearchReport {
        var files = 0
        for name in try FileManager.default.subpathsOfDirectory(atPath: folder.string).sorted() {
            guard let text = try? String(contentsOfFile: folder.appending(name).string, encoding: .utf8) else {
                continue
            }
            files += 1
            for (index, _) in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().enumerated() {
                guard !isCancelled() else { throw Interrupted() }
                try report(
                    Finding(
                        fingerprint: "\(name):\(index)", rule: "line", title: "A line", severity: .high, path: name,
                        line: index + 1, column: 1, excerpt: "…"))
            }
        }
        return SearchReport(totals: ScanTotals(files: files, bytes: 0, skipped: 0), gap: nil)
    }
}

/// Scans until it is told to stop.
struct EndlessSource: FindingSource {
    let name = "endless"

    func search(_ folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> SearchReport {
        while !isCancelled() { sched_yield() }
        throw Interrupted()
    }
}
