import CoreTypes
import FoundationEssentials
import Glibc
import Scanning
import SystemPackage

/// Looks at a cloud account with Prowler, a program of its own that we start, watch and end.
struct ProwlerScanner: FindingSource {
    let name = "prowler"
    let prowler: Prowler
    let target: CloudTarget
    let regions: [String]
    let credentials: CloudCredentials
    /// A large account takes an hour; who needs longer is stuck.
    static let timeLimit: Duration = .seconds(4 * 3600)
    let clock: any Clock<Duration>

    /// In bytes; 100,000 entries of Prowler's.
    private static let largestReport: UInt64 = 1 << 30
    private static let mostLog = 1 << 20

    /// `folder` is the scan's own, and is gone afterwards; so is what is below it.
    func search(_ folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> SearchReport {
        try? FileManager.default.removeItem(atPath: folder.string)
        defer { try? FileManager.default.removeItem(atPath: folder.string) }
        guard mkdir(folder.string, 0o700) == 0 else { throw Errno(rawValue: errno) }
        let program = ChildProgram(
            arguments: arguments(folder),
            environment: prowler.environment(credentials, region: regions[0], folder: folder), folder: folder,
            timeLimit: Self.timeLimit, clock: clock, largestFile: Self.largestReport)
        let outcome: ChildProgram.Outcome
        do { outcome = try program.run(isCancelled: isCancelled) } catch let error as Errno {
            throw ScannerFailure(because: "Prowler could not be started: \(error)")
        }
        switch outcome.end {
        // 3: something was found.
        case .exited(0), .exited(3): break
        case .exited(let code): throw ScannerFailure(because: "Prowler ended with \(code)\(lastWords(outcome))")
        case .killed(let signal):
            throw ScannerFailure(because: "Prowler was ended by signal \(signal)\(lastWords(outcome))")
        case .tooLong: throw ScannerFailure(because: "Prowler did not end within \(Self.timeLimit.secondsRoundedUp) s")
        }
        return try read(folder, outcome.end, isCancelled: isCancelled, report: report)
    }

    private func arguments(_ folder: FilePath) -> [String] {
        let services = target.services.isEmpty ? [] : ["--services"] + target.services
        return [
            prowler.program.string, "aws", "--output-formats", "json-ocsf", "--output-directory", folder.string,
            "--output-filename", "report", "--log-level", "ERROR", "--log-file", folder.appending("log").string,
            "--no-banner", "--no-color", "--region",
        ] + regions + services
    }

    private func read(
        _ folder: FilePath, _ end: ChildProgram.End, isCancelled: () -> Bool, report: (Finding) throws -> Void
    ) throws -> SearchReport {
        var items = JSONItems()
        var seen: [String: Int] = [:]
        var (entries, unreadable, bytes) = (0, 0, Int64(0))
        do {
            let isThere = try pieces(of: folder.appending("report.ocsf.json")) { piece in
                if isCancelled() { throw Interrupted() }
                bytes += Int64(piece.count)
                try items.feed(piece) { item in
                    entries += 1
                    guard let entry = ProwlerFinding.read(item) else {
                        unreadable += 1
                        return
                    }
                    if entry.isFailure { try report(entry.finding(&seen, redact: { credentials.redacted($0) })) }
                }
            }
            // Where it has nothing to say it writes none, and says that nothing was found.
            guard isThere || end == .exited(0) else { throw ScannerFailure(because: "Prowler left no report") }
            try items.finish()
        } catch let error as JSONItems.Malformed {
            throw ScannerFailure(because: "Prowler's report cannot be read: \(error)")
        }
        var gaps = try errors(in: folder.appending("log"))
        if unreadable > 0 { gaps.append("\(unreadable) entries of its report cannot be read") }
        return SearchReport(
            totals: ScanTotals(files: entries, bytes: bytes, skipped: unreadable),
            gap: gaps.isEmpty ? nil : "Prowler could not look at everything: " + gaps.joined(separator: "; "))
    }

    /// What Prowler logged as errors, in words of ours and a few of its own.
    private func errors(in log: FilePath) throws -> [String] {
        var text: [UInt8] = []
        _ = try pieces(of: log) { if text.count < Self.mostLog { text += $0 } }
        // Not JSON, although it looks like it: quotes and line breaks in messages stay what they are.
        let messages = String(decoding: text, as: UTF8.self).split(separator: "\n").filter {
            $0.hasPrefix(#"{"timestamp""#)
                && ($0.contains(#""level": "ERROR""#) || $0.contains(#""level": "CRITICAL""#))
        }.map { line in
            let words = line.split(separator: #""message": ""#, maxSplits: 1).last ?? line
            return said(words.hasSuffix(#""}"#) ? words.dropLast(2) : words)
        }
        guard !messages.isEmpty else { return [] }
        var distinct: [String] = []
        for message in messages where !distinct.contains(message) && distinct.count < 3 { distinct.append(message) }
        return ["\(messages.count) errors, such as " + distinct.joined(separator: " | ")]
    }

    private func lastWords(_ outcome: ChildProgram.Outcome) -> String {
        let lines = String(decoding: outcome.errors, as: UTF8.self).split(whereSeparator: \.isNewline)
        return lines.last { $0.contains { !$0.isWhitespace } }.map { ": \(said($0))" } ?? ""
    }

    private func said(_ text: some StringProtocol) -> String {
        ProwlerFinding.shown(credentials.redacted(text), atMost: 200)
    }

    /// Reads a file that Prowler wrote; `false` where there is none. A link or a device is none.
    private func pieces(of path: FilePath, _ use: (ArraySlice<UInt8>) throws -> Void) throws -> Bool {
        guard let file = try? FileDescriptor.open(path, .readOnly, options: [.noFollow, .closeOnExec, .nonBlocking])
        else {
            return false
        }
        return try file.closeAfter {
            var status = stat()
            guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try buffer.withUnsafeMutableBytes { try file.read(into: $0) }
                if count == 0 { return true }
                try use(buffer[..<count])
            }
        }
    }
}

extension JSONItems.Malformed: CustomStringConvertible {
    var description: String {
        switch self {
        case .notAList: "it is not a JSON list of objects"
        case .tooDeep: "an entry of it is nested too deeply"
        case .itemTooLarge: "an entry of it is larger than \(JSONItems.largestItem) bytes"
        case .cutShort: "it ends early"
        }
    }
}
