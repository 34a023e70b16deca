import CoreTypes
import Host
import Profiles
import Provisioning
import Releases
import SystemPackage

/// The profile of a trial with all that is laid over it, and the steps that make a root of it.
struct TrialConfiguration {
    /// What a trial is: nginx runs under the supervisor, stores are files, and all of it runs as whoever started it, as
    /// nothing here may touch the machine's own.
    private static let settings = [
        "front_door.manager=supervisor", "services.store=embedded", "services.queue=embedded", "account=null",
    ]
    /// What a trial does unless told otherwise: nobody tries a switch to wait a quarter of an hour for a drain.
    private static let preferences = ["front_door.drain=60s", "switch.watch=5s"]

    let installation: Installation
    private let layout: Layout
    private let host: any Host
    private let request: TrialRequest
    private let base: ProfileSource
    private let recorded: RecordedSettings

    init(_ request: TrialRequest, layout: Layout, host: any Host) throws {
        self.request = request
        self.layout = layout
        self.host = host
        base = try Self.base(request, layout, host)
        let earlier = try RecordedSettings.read(layout, host)
        recorded = RecordedSettings(texts: Self.preferences)
            .adding(earlier.texts).adding(request.settings).adding(Self.settings)
        installation = try Installation(
            base: base, recorded, recorded: earlier, at: layout, on: host, doing: "start the trial")
    }

    /// In the order in which they are made; each can be checked on an empty root.
    func steps(live: Slot) throws -> [any Step] {
        let all: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute]
        let group: FilePermissions = [.ownerReadWriteExecute, .groupReadExecute]
        let own: FilePermissions = [.ownerReadWriteExecute]
        let directories = DirectoryStep([
            .init(layout.root, mode: all), .init(layout.configuration, mode: all), .init(layout.overrides, mode: all),
            .init(layout.secrets, mode: own), .init(layout.state, mode: all), .init(layout.releases, mode: all),
            .init(layout.data, mode: own), .init(layout.logs, mode: group), .init(layout.run, mode: all),
            .init(layout.nginx, mode: all), .init(layout.nginxScratch, mode: own),
        ])
        let files = FileStep(
            [
                .init(layout.profile, content: String(decoding: base.bytes, as: UTF8.self)),
                .init(layout.settings, content: recorded.content),
            ], title: "configuration")
        var steps: [any Step] = [directories]
        if installation.profile.frontDoor.tls != nil {
            let folders = [layout.certificate.removingLastComponent(), layout.challenges]
            steps.append(
                DirectoryStep(folders.map { .init($0, mode: own) }, title: "folders of certificates"))
            steps.append(CertificateStep(domain: nil, address: nil, layout: layout))
        }
        if let source = request.source {
            steps.append(CopyStep(try source.copies(to: layout, on: host), title: "programs"))
        }
        steps += [files, SecretsStep(folder: layout.secrets, installation.profile.secrets)] as [any Step]
        steps += installation.profile.rotations(layout)
        steps.append(BundledReleaseStep(profile: installation.profile, layout: layout, live: live))
        return steps
    }

    /// The profile the operator names, else the one this root has, else the one that ships.
    private static func base(_ request: TrialRequest, _ layout: Layout, _ host: any Host) throws -> ProfileSource {
        let shipped = (request.source?.profiles ?? layout.shippedProfiles).appending("cspm.yaml")
        let candidates =
            request.profile.map { [$0] } ?? (request.source == nil ? [layout.profile, shipped] : [shipped])
        for path in candidates {
            if let bytes = try host.files.readIfPresent(path, limit: ProfileSource.limit) {
                return ProfileSource(name: path.string, bytes: bytes)
            }
        }
        throw OperatorError(
            doing: "start the trial",
            because: "there is no profile at \(candidates.map(\.string).joined(separator: " or "))",
            next: "start it with ./install.sh --trial from a checkout", exit: .usage)
    }
}
