import Images
import Scanning
import SystemPackage

/// The scanners of a container image. They share one reading of it, so each job has its own.
struct ImageSources: Sendable {
    private let secrets: SecretScanner
    private let advisories: FilePath?
    private let time: WallClock

    init(secrets: SecretScanner, advisories: FilePath?, time: WallClock) {
        self.secrets = secrets
        self.advisories = advisories
        self.time = time
    }

    func make() -> [any FindingSource] {
        let reading = ImageReading()
        let today = String(time.now().description.prefix(10))
        return [
            ImageSource(name: "image-configuration") { archive, isCancelled, report in
                let read = try ConfigurationCheck(secrets, reading: reading, today: today)
                    .scan(archive, isCancelled: isCancelled, report: report)
                return SearchReport(totals: ScanTotals(files: read.entries, bytes: read.bytes, skipped: 0), gap: nil)
            },
            ImageSource(name: "image-packages") { archive, isCancelled, report in
                let read = try PackageCheck(advisories: advisories, reading: reading)
                    .scan(archive, isCancelled: isCancelled, report: report)
                return SearchReport(totals: ScanTotals(files: read.packages, bytes: 0, skipped: 0), gap: read.gap)
            },
            // The last one: the scan's totals are the files it has looked at.
            ImageSource(name: "image-secrets") { archive, isCancelled, report in
                SecretScanner.report(
                    try ImageSecrets(secrets, reading: reading).scan(archive, isCancelled: isCancelled, report: report))
            },
        ]
    }
}

/// One of them.
struct ImageSource: FindingSource {
    typealias Search = @Sendable (FilePath, () -> Bool, (Finding) throws -> Void) throws -> SearchReport

    let name: String
    let run: Search

    func search(_ archive: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws -> SearchReport {
        do { return try run(archive, isCancelled, report) } catch let error as ImageError {
            throw ScannerFailure(because: "the image cannot be scanned: \(error)")
        }
    }
}
