import CoreTypes
import Host
import SystemPackage

/// What a person needs after a trial has started.
struct TrialAnswer: Answer {
    let url: String
    let live: Slot
    let healthy: Int
    let wanted: Int
    let changes: Int
    let seconds: Double
    let root: String
    let passwordFile: String
    let setupTokenFile: String
    let newerReleaseIn: Slot?

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
        passwordFile = layout.secrets.appending("ADMIN_PASSWORD").string
        setupTokenFile = layout.secrets.appending("SETUP_TOKEN").string
        newerReleaseIn = idleHasNewerRelease ? live.other : nil
    }

    var text: String {
        let bedplate = "\(root)/usr/bin/bedplate"
        var text = """
            The stack is up: \(url)
              \(live) is live, \(healthy) of \(wanted) healthy, \(counted(changes, "change")), \(tenths(seconds)) s

              setup token      in \(setupTokenFile)
              administrator    admin, password in \(passwordFile)

            Try next:
              \(bedplate) status
              \(bedplate) logs api@\(live) --follow
              \(bedplate) switch \(live.other)
              \(bedplate) restart worker@\(live)
              \(bedplate) trial stop
            """
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
