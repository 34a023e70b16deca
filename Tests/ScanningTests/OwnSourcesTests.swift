import Glibc
import Scanning
import SystemPackage
import Testing

@Suite("This repository")
struct OwnSourcesTests {
    @Test("the scanner finds nothing in what this repository tracks, but for the corpus of secrets")
    func clean() throws {
        let here = try #require(realpath(#filePath, nil))
        defer { free(here) }
        let checkout = FilePath(String(cString: here)).removingLastComponent().removingLastComponent()
            .removingLastComponent()
        let tracked = try trackedFiles(of: checkout)
        try #require(tracked.count > 50)
        let tree = try Tree()
        for file in tracked where !file.hasPrefix("Tests/Fixtures/secrets/") {
            try tree.copy(checkout.appending(file), to: file)
        }
        let (findings, summary) = try tree.scan()
        #expect(findings.map { "\($0.path):\($0.line) \($0.rule) \($0.excerpt)" } == [])
        #expect(summary.files > 50)
        #expect(summary.filesCutShort == 0)
    }

    private func trackedFiles(of checkout: FilePath) throws -> [String] {
        let output = try #require(popen("git -C '\(checkout.string)' ls-files", "r"))
        var text: [UInt8] = []
        var byte = fgetc(output)
        while byte != EOF {
            text.append(UInt8(byte))
            byte = fgetc(output)
        }
        try #require(pclose(output) == 0)
        return String(decoding: text, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

extension Tree {
    /// Copies a file that is there; one that is tracked and deleted has nothing to scan.
    fileprivate func copy(_ source: FilePath, to name: String) throws {
        guard let file = try? FileDescriptor.open(source, .readOnly, options: .noFollow) else { return }
        try file.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = try chunk.withUnsafeMutableBytes { try file.read(into: $0) }
                guard count > 0 else { break }
                bytes += chunk[..<count]
            }
            try write(name, bytes)
        }
    }
}
