import ArgumentParser
import CoreTypes
import Host
import Releases

struct Deploy: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy", abstract: "Put a release into the idle slot and prove it there; traffic is not moved.")
    @OptionGroup var options: GlobalOptions

    @Argument(help: "A directory, a .tar.gz, .tar.zst or .zip archive, or a wheel.")
    var path: String

    func run() async throws {
        let invocation = try options.invocation
        let source = invocation.absolute(path)
        let installation = try Installation(at: options.layout, on: invocation.host, doing: "deploy \(source)")
        let terminal = invocation.terminal
        let work = ReleaseDeployment(
            profile: installation.profile, layout: installation.layout, host: invocation.host,
            supervisor: try options.supervisor,
            report: { terminal.progress("  \($0.sentence)") })
        let watch = Stopwatch(invocation.host.clock)
        let report = try await work.run(source)
        try options.show(DeployAnswer(report, seconds: watch.elapsed / .seconds(1)))
    }
}

extension DeployProgress {
    fileprivate var sentence: String {
        switch self {
        case .stage(let stage): stage.sentence
        case .warning(let text): "warning: \(text)"
        }
    }
}

struct DeployAnswer: Answer {
    let release: String
    let slot: Slot
    let isLive: Bool
    /// Whether it was live before, and nothing was done.
    let wasThere: Bool
    let isBuildReused: Bool
    let isEnvironmentReused: Bool?
    let smokeChecks: Int
    let warnings: [String]
    let removedReleases: [String]
    let buildSeconds: Double
    let seconds: Double

    init(_ report: DeployReport, seconds: Double) {
        release = report.release.description
        slot = report.slot
        isLive = report.isLive
        wasThere = report.wasThere
        isBuildReused = report.isBuildReused
        isEnvironmentReused = report.isEnvironmentReused
        smokeChecks = report.smokeChecks
        warnings = report.warnings
        removedReleases = report.removed.map(\.description)
        buildSeconds = report.building / .seconds(1)
        self.seconds = seconds
    }

    var text: String {
        let name = release.prefix(12)
        guard !wasThere else { return "the release \(name) is live in \(slot) already; nothing was changed" }
        let checks = smokeChecks == 0 ? "" : ", and passed \(counted(smokeChecks, "smoke check"))"
        let proven = "the release \(name) is healthy in \(slot)\(checks) (\(tenths(seconds)) s)"
        return proven + (isLive ? "; it is live" : "\n  next: bedplate switch \(slot)")
    }
}
