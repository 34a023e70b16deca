import CoreTypes
import Host
import Profiles
import Releases
import SystemPackage

/// What a person needs after a trial has started.
struct TrialAnswer: Answer {
    private enum CodingKeys: String, CodingKey {
        case url, live, healthy, wanted, changes, seconds, root
        case passwordFile, setupTokenFile, newerReleaseIn, hasRelease
    }

    let url: String
    let live: Slot
    let healthy: Int
    let wanted: Int
    let changes: Int
    let seconds: Double
    let root: String
    /// `nil` where the profile has no such secret.
    let passwordFile: String?
    let setupTokenFile: String?
    let newerReleaseIn: Slot?
    /// Whether the live slot has a release.
    let hasRelease: Bool
    /// The live slot's instances, in the order of the profile.
    private let instances: [String]

    init(
        _ installation: Installation, changes: Int, healthy: Int, wanted: Int, seconds: Double,
        idleHasNewerRelease: Bool
    ) throws {
        let layout = installation.layout
        url = installation.frontDoor
        live = try installation.live()
        self.healthy = healthy
        self.wanted = wanted
        self.changes = changes
        self.seconds = seconds
        root = layout.root.string
        let declared = installation.profile.secrets.map(\.name.description)
        func file(_ name: String) -> String? {
            declared.contains(name) ? layout.secrets.appending(name).string : nil
        }
        passwordFile = file("ADMIN_PASSWORD")
        setupTokenFile = file("SETUP_TOKEN")
        hasRelease = try installation.deployment.record()[live] != nil
        instances = installation.compiler.instances(of: live).map(\.description)
        newerReleaseIn = idleHasNewerRelease ? live.other : nil
    }

    var text: String {
        let bedplate = "\(root)/usr/bin/bedplate"
        var text = """
            The stack is up: \(url)
              \(live) is live, \(healthy) of \(wanted) healthy, \(counted(changes, "change")), \(tenths(seconds)) s

            """
        if let setupTokenFile { text += "\n  setup token      in \(setupTokenFile)" }
        if let passwordFile { text += "\n  administrator    admin, password in \(passwordFile)\n" }
        guard hasRelease else {
            return text + "\nThere is no release yet:\n  \(bedplate) deploy PATH"
        }
        text += "\nTry next:\n  \(bedplate) status"
        if let first = instances.first { text += "\n  \(bedplate) logs \(first) --follow" }
        text += "\n  \(bedplate) switch \(live.other)"
        if let last = instances.last { text += "\n  \(bedplate) restart \(last)" }
        text += "\n  \(bedplate) trial stop"
        if let slot = newerReleaseIn {
            text += "\n\nA newer build waits in the \(slot) slot: 'switch \(slot)' makes it live."
        }
        return text
    }
}

/// What `bedplate trial stop` did.
struct TrialStopAnswer: Answer {
    let root: String
    let wasRunning: Bool

    init(root: FilePath, wasRunning: Bool) {
        self.root = root.string
        self.wasRunning = wasRunning
    }

    var text: String {
        wasRunning
            ? "The trial in \(root) is stopped; its data and secrets are kept."
            : "The trial in \(root) is not running."
    }
}
