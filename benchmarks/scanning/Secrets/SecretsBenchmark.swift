import Glibc
import Scanning
import SystemPackage

/// Scans folders as the engine does: a line for each finding (path, line and rule, separated by tabs), and at the end the
/// files, the bytes and the seconds of processor time.
@main
enum SecretsBenchmark {
    static func main() throws {
        let scanner = SecretScanner(rules: try RuleSet.bundled())
        var files = 0
        var bytes: Int64 = 0
        let begin = processorTime()
        for folder in CommandLine.arguments.dropFirst() {
            let summary = try scanner.scan(
                folder: FilePath(folder), isCancelled: { false },
                report: { print("\($0.path)\t\($0.line)\t\($0.rule)") })
            files += summary.files
            bytes += Int64(summary.bytes)
        }
        print("\(files)\t\(bytes)\t\(processorTime() - begin)")
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
