import Control
import CoreTypes
import Glibc
import Testing

@testable import Supervision

/// A directory that goes with the test.
final class ScratchDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/bedplate-test-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { run(["/bin/rm", "-rf", path]) }

    /// The sizes of the files in it, by name.
    var sizes: [String: Int] {
        var sizes: [String: Int] = [:]
        for name in Files.names(in: path) where !name.hasPrefix(".") {
            sizes[name] = read("\(path)/\(name)")?.count ?? 0
        }
        return sizes
    }
}

@Suite("Log files")
struct LogFileTests {
    private func make(_ scratch: ScratchDirectory, _ policy: LogPolicy) -> LogFile {
        LogFile(directory: scratch.path, policy: policy, report: { _ in }, willWrite: { _ in })
    }

    private func append(_ text: String, to file: LogFile, wall: Int64) {
        Array(text.utf8).withUnsafeBytes { file.append($0, at: Moment(milliseconds: wall), wall: wall) }
    }

    @Test("a line that comes after the maximum age begins a new file; an empty file does not age")
    func age() throws {
        let scratch = try ScratchDirectory()
        let file = make(scratch, LogPolicy(maximumAge: .seconds(3600)))
        let start = Int64(4_000_000_000_000)
        append("first\n", to: file, wall: start)
        append("second\n", to: file, wall: start + 3_599_999)
        #expect(scratch.sizes == ["current": 13])
        append("third\n", to: file, wall: start + 3_600_000)
        #expect(scratch.sizes == ["current": 6, "@\(start + 3_600_000).log": 13])
        // The age counts from the first line of the new file.
        append("fourth\n", to: file, wall: start + 7_199_999)
        #expect(scratch.sizes.count == 2)
    }

    @Test("another supervisor goes on with the age of the file, not of itself")
    func ageLasts() throws {
        let scratch = try ScratchDirectory()
        let policy = LogPolicy(maximumAge: .seconds(3600))
        let now = SystemClock.wall
        append("first\n", to: make(scratch, policy), wall: now)
        let later = make(scratch, policy)
        append("second\n", to: later, wall: now + 1000)
        #expect(scratch.sizes == ["current": 13])
        append("third\n", to: make(scratch, policy), wall: now + 3_700_000)
        #expect(scratch.sizes["current"] == 6)
    }

    @Test("all files of an instance together never exceed the total, however they came")
    func total() throws {
        let scratch = try ScratchDirectory()
        let file = make(scratch, LogPolicy(maximumSize: .kibibytes(8), keep: 1000, maximumTotal: .kibibytes(40)))
        let line = String(repeating: "x", count: 99) + "\n"
        for index in 0..<2000 {
            append(line, to: file, wall: Int64(index))
            #expect(scratch.sizes.values.reduce(0, +) <= 40 << 10)
        }
        #expect(scratch.sizes.count == 5)
        // A smaller total is taken up with the next line.
        file.policy.maximumTotal = .kibibytes(20)
        append(line, to: file, wall: 3000)
        #expect(scratch.sizes.values.reduce(0, +) <= 20 << 10)
        // So is that of a supervisor that finds more.
        try write([UInt8](repeating: 0x78, count: 30_000), to: "\(scratch.path)/@1.log")
        append(line, to: make(scratch, file.policy), wall: 4000)
        #expect(scratch.sizes["@1.log"] == nil)
        #expect(scratch.sizes.values.reduce(0, +) <= 20 << 10)
    }

    @Test("the last lines are found across several rotated files")
    func tail() throws {
        let scratch = try ScratchDirectory()
        for index in 1...3 {
            try write(Array("\(2 * index - 1)\n\(2 * index)\n".utf8), to: "\(scratch.path)/@\(index).log")
        }
        try write(Array("7\n".utf8), to: "\(scratch.path)/current")
        #expect(LogTail.lines(6, in: scratch.path) == ["2", "3", "4", "5", "6", "7"])
        #expect(LogTail.lines(20, in: scratch.path).count == 7)
    }
}
