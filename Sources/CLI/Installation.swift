import Control
import CoreTypes
import Host
import Profiles
import Releases
import SystemPackage

/// An installation below a root, as its files describe it: the profile in force, and what is in the slots.
struct Installation {
    let host: any Host
    let layout: Layout
    let loaded: LoadedProfile

    var profile: Profile { loaded.profile }
    var compiler: StackCompiler { StackCompiler(profile: profile, layout: layout) }
    var deployment: Deployment { Deployment(profile: profile, layout: layout, host: host) }
    var frontDoor: String { profile.frontDoor.url }

    private init(host: any Host, layout: Layout, loaded: LoadedProfile) {
        self.host = host
        self.layout = layout
        self.loaded = loaded
    }

    /// Reads the profile that an earlier installation recorded, with the operator's overrides and settings.
    init(at layout: Layout, on host: any Host, doing: String) throws {
        guard let bytes = try host.files.readIfPresent(layout.profile, limit: ProfileSource.limit) else {
            throw Self.absent(layout, doing: doing)
        }
        let base = ProfileSource(name: layout.profile.string, bytes: bytes)
        let settings = try RecordedSettings.read(layout, host)
        try self.init(base: base, settings, recorded: settings, at: layout, on: host, doing: doing)
    }

    /// `recorded`: the settings that come from the settings file, and not from this run's command line.
    init(
        base: ProfileSource, _ settings: RecordedSettings, recorded: RecordedSettings, at layout: Layout,
        on host: any Host, doing: String
    ) throws {
        let loader = ProfileLoader(
            base: base, overlays: try Self.overrides(layout, host), settings: settings.texts)
        do throws(ProfileProblems) { self.init(host: host, layout: layout, loaded: try loader.load()) } catch {
            let whole = error.operatorError(doing: doing)
            let isRecorded = error.list.contains { problem in
                if case .setting(let text) = problem.origin { recorded.texts.contains(text) } else { false }
            }
            guard isRecorded else { throw whole }
            throw OperatorError(
                doing: doing, because: whole.because,
                next: "correct \(layout.settings), which keeps what --set said in earlier runs", exit: .usage)
        }
    }

    static func absent(_ layout: Layout, doing: String) -> OperatorError {
        OperatorError(
            doing: doing, because: "nothing is installed below \(layout.root)",
            next: "name the right place with --root, or begin with '\(layout.installCommand)'", exit: .usage)
    }

    /// Moves traffic of this installation between its slots, and says each stage.
    func traffic(_ supervisor: any SupervisorClient, _ terminal: any Terminal) -> TrafficSwitch {
        TrafficSwitch(
            profile: profile, layout: layout, host: host, supervisor: supervisor,
            frontDoor: HTTPFrontDoor(profile.frontDoor, on: host),
            report: { progress in
                if let sentence = progress.sentence { terminal.progress("  \(sentence)") }
            })
    }

    /// The operator's `conf.d` files, in the order of their names.
    private static func overrides(_ layout: Layout, _ host: any Host) throws -> [ProfileSource] {
        guard try host.files.status(layout.overrides) != nil else { return [] }
        return try host.files.list(layout.overrides).filter { $0.hasSuffix(".yaml") }.map { name in
            let path = layout.overrides.appending(name)
            return ProfileSource(
                name: path.string, bytes: try host.files.read(path, limit: ProfileSource.limit))
        }
    }

    /// Whether an instance runs whenever the stack does: it is in the live slot, or in none.
    func isPartOfLive(_ instance: InstanceName, live: Slot) -> Bool { instance.slot == nil || instance.slot == live }

    /// The slot that nginx is told to send traffic to; blue before the first installation wrote it down.
    func live() throws -> Slot { try deployment.live() }
}
