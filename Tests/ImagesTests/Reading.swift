import Foundation
import Scanning
import SystemPackage

@testable import Images

/// An archive on disk, for as long as a test needs it.
final class SavedImage {
    let path: FilePath

    init(_ bytes: [UInt8]) throws {
        path = FilePath(NSTemporaryDirectory()).appending("image-\(UUID().uuidString)")
        try Data(bytes).write(to: URL(filePath: path.string))
    }

    deinit { try? FileManager.default.removeItem(atPath: path.string) }

    private func secretScanner() throws -> SecretScanner { SecretScanner(rules: try RuleSet.bundled()) }

    func configuration(today: String = "2026-11-28", limits: ImageLimits = ImageLimits()) throws -> [Finding] {
        var findings: [Finding] = []
        _ = try ConfigurationCheck(try secretScanner(), reading: ImageReading(limits: limits), today: today)
            .scan(path, isCancelled: { false }, report: { findings.append($0) })
        return findings
    }

    func secrets() throws -> (findings: [Finding], summary: ScanSummary) {
        var findings: [Finding] = []
        let summary = try ImageSecrets(try secretScanner(), reading: ImageReading())
            .scan(path, isCancelled: { false }, report: { findings.append($0) })
        return (findings, summary)
    }
}

/// A secret that is none, put together here so that it stands in no file.
let plantedKey = "AKIA" + "Q3EGRZ7WPLX2NMTB"
