import CoreTypes
import Host
import Profiles
import Provisioning
import Releases
import SystemPackage

/// The profile of this host with all that is laid over it, and the steps that make the host so.
struct InstallConfiguration {
    let installation: Installation
    private let request: InstallRequest
    private let layout: Layout
    private let host: any Host
    private let base: ProfileSource
    private let recorded: RecordedSettings

    init(_ request: InstallRequest, layout: Layout, host: any Host) throws {
        self.request = request
        self.layout = layout
        self.host = host
        base = try Self.base(request, layout, host)
        let earlier = try RecordedSettings.read(layout, host)
        recorded = earlier.adding(request.settings)
        installation = try Installation(
            base: base, recorded, recorded: earlier, at: layout, on: host, doing: Installer.doing)
        guard try request.source != nil || host.files.status(layout.bedplated) != nil else {
            throw OperatorError(
                doing: Installer.doing, because: "\(layout.bedplated) is not there",
                next: "run ./install.sh from a checkout, or install the package", exit: .usage)
        }
    }

    /// Every step, each after those it needs.
    func graph(live: Slot) throws -> StepGraph {
        let profile = installation.profile
        let release = try host.system.osRelease()
        guard let distribution = Distribution(release) else {
            throw OperatorError(
                doing: Installer.doing, because: "\(release["PRETTY_NAME"] ?? "this system") is not supported",
                next: "use \(Distribution.supported)", exit: .usage)
        }
        // The first thing after the profile: a root that nginx cannot be told of stops us here.
        let site = try installation.deployment.nginxFiles().map { FileStep.File($0.path, content: $0.content) }
        let settings: [FileStep.File] = [
            .init(layout.profile, content: String(decoding: base.bytes, as: UTF8.self)),
            .init(layout.settings, content: recorded.content),
        ]
        var steps = try HostGraph(
            profile, layout: layout, on: distribution, architecture: host.system.hardware().architecture, site: site,
            settings: settings)
        var needed = steps.ready.union(steps.laidOut)
        if let source = request.source {
            let copies = try source.copies(to: layout, on: host) + [source.unit()]
            needed.insert(steps.add(CopyStep(copies, title: "programs"), after: steps.laidOut))
        }
        let placed = steps.add(BundledReleaseStep(profile: profile, layout: layout, live: live), after: needed)
        let stack = steps.add(StackStep(profile: profile, layout: layout), after: [placed])
        steps.add(
            UnitStep(
                Installer.unit, configuration: [Installer.unitFile, layout.bedplated], by: .reload, layout: layout),
            after: [stack])
        return steps.graph
    }

    /// The profile the operator names, else the one this host has, else the one that ships.
    private static func base(_ request: InstallRequest, _ layout: Layout, _ host: any Host) throws -> ProfileSource {
        let shipped = (request.source?.profiles ?? layout.shippedProfiles).appending("cspm.yaml")
        let candidates =
            request.profile.map { [$0] } ?? (request.source == nil ? [layout.profile, shipped] : [shipped])
        for path in candidates {
            if let bytes = try host.files.readIfPresent(path, limit: ProfileSource.limit) {
                return ProfileSource(name: path.string, bytes: bytes)
            }
        }
        throw OperatorError(
            doing: Installer.doing,
            because: "there is no profile at \(candidates.map(\.string).joined(separator: " or "))",
            next: "name one with --profile, or run ./install.sh from a checkout", exit: .usage)
    }
}
