package import Control
import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// Puts a release into the idle slot and proves it: taken, built, loaded, started, healthy, and asked.
///
/// Traffic is not touched. What fails leaves the slots as they were; what is killed is put right by the next one: a release,
/// a build and an environment get their names when they are whole, and a slot's unproven release is in the record.
package struct ReleaseDeployment: Sendable {
    private let profile: Profile
    private let layout: Layout
    private let host: any Host
    private let supervisor: any SupervisorClient
    private let report: @Sendable (DeployProgress) -> Void

    package init(
        profile: Profile, layout: Layout, host: any Host, supervisor: any SupervisorClient,
        report: @escaping @Sendable (DeployProgress) -> Void = { _ in }
    ) {
        self.profile = profile
        self.layout = layout
        self.host = host
        self.supervisor = supervisor
        self.report = report
    }

    private var store: ReleaseStore { ReleaseStore(host: host, layout: layout) }

    package func run(_ path: FilePath) async throws -> DeployReport {
        let doing = "deploy \(path)"
        let lock = try SwitchLock.take(layout, on: host, doing: doing)
        defer { lock.release() }
        _ = try supervisor.status()
        let live = try LiveConfiguration.liveSlot(layout, on: host) ?? .blue
        let account = try account()
        let build = ReleaseBuild(
            profile: profile, layout: layout, host: host,
            commands: BuildCommands(account: account, layout: layout, host: host))
        var placement = try SlotPlacement(
            live: live, profile: profile, layout: layout, host: host, supervisor: supervisor)

        let release = try await stage(.unpacking, of: doing, placement) { try store.take(path) }
        var outcome = DeployReport(release: release, slot: placement.slot, isLive: placement.isLive)
        if placement.hasLive(release) {
            outcome.slot = live
            outcome.isLive = true
            outcome.wasThere = true
            return outcome
        }
        let manifest = try await stage(.unpacking, of: doing, placement, announced: false) {
            try store.manifest(of: release)
        }
        let folder = store.directory(of: release)
        let requirements = try PythonRequirements(of: release, at: folder, manifest, on: host)
        let stopwatch = Stopwatch(host.clock)
        let built = try await stage(.building, of: doing, placement) {
            try await build.make(release, manifest, requirements)
        }
        outcome.building = stopwatch.elapsed
        outcome.isBuildReused = built.isReused
        outcome.isEnvironmentReused = built.environment?.isReused
        if let environment = built.environment, let requirements {
            outcome.warnings = try await stage(.validating, of: doing, placement) {
                try await BuildValidation(
                    folder: folder, environment: environment.path, manifest: manifest,
                    entryPoints: manifest.entryPoints ?? profile.release.entryPoints, requirements: requirements,
                    commands: build.commands
                ).run()
            }
            for warning in outcome.warnings { report(.warning(warning)) }
        }
        try await stage(.starting, of: doing, placement) { try await placement.start(release) }
        let smokeTest = SmokeTest(profile: profile, slot: placement.slot, host: host)
        let checks = smokeTest.checks(of: manifest)
        try await stage(.smoking, of: doing, placement, announced: !checks.isEmpty) {
            do { try await smokeTest.run(checks) } catch { throw await placement.abandon(because: error) }
        }
        outcome.smokeChecks = checks.count
        try placement.conclude()
        outcome.removed = try collect(placement.record, build)
        return outcome
    }

    /// Says the stage, and makes any failure one sentence of it.
    private func stage<Value>(
        _ stage: DeployStage, of doing: String, _ placement: SlotPlacement, announced: Bool = true,
        _ body: () async throws -> Value
    ) async throws -> Value {
        if announced { report(.stage(stage)) }
        do { return try await body() } catch {
            let problem = DeployProblem(error)
            throw OperatorError(
                doing: doing, because: "\(stage.sentence) failed: \(problem.because)\n  traffic: \(placement.traffic)",
                next: problem.next ?? "correct the release and deploy it again", cause: error, exit: problem.exit)
        }
    }

    /// Whom builds run as; `nil`: as we do.
    private func account() throws -> Account? {
        guard let name = profile.account else { return nil }
        guard let account = try host.accounts.user(named: name) else {
            throw OperatorError(
                doing: "build a release", because: "there is no user '\(name)'",
                next: "run '\(layout.installCommand)'")
        }
        return account.user == 0 ? nil : account
    }

    /// Removes the releases that are not among the last ones, with all that was built for them; none that is in a slot,
    /// and none that an instance runs.
    private func collect(_ record: SlotRecord, _ build: ReleaseBuild) throws -> [ReleaseID] {
        let running = try supervisor.status().instances.filter { $0.pid != nil }.compactMap(\.release)
        let inUse = Set(Slot.allCases.compactMap { record[$0] } + running)
        let kept = inUse.union((record.history ?? []).prefix(profile.release.keep))
        let gone = try store.list().filter { !kept.contains($0) }
        try store.remove(gone)
        try build.collect(keeping: kept)
        return gone
    }
}
