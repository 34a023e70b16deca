package import Control
package import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// Puts releases into slots, and says what the supervisor is to run then.
package struct Deployment: Sendable {
    private let profile: Profile
    private let layout: Layout
    private let host: any Host

    package init(profile: Profile, layout: Layout, host: any Host) {
        self.profile = profile
        self.layout = layout
        self.host = host
    }

    /// Which release is in which slot; empty before the first.
    package func record() throws -> SlotRecord { try SlotRecord.load(layout, on: host) ?? SlotRecord() }

    /// The slot that `live.conf` names; blue before there is one.
    package func live() throws -> Slot { try LiveConfiguration.liveSlot(layout, on: host) ?? .blue }

    /// Adopts a directory and puts it into these slots. The caller knows that none of them has traffic.
    package func put(_ source: FilePath, into slots: [Slot]) throws -> ReleaseID {
        let lock = try SwitchLock.take(layout, on: host, doing: "deploy")
        defer { lock.release() }
        var record = try record()
        if let ongoing = record.ongoing {
            throw OperatorError(
                doing: "deploy", because: "a switch to \(ongoing.to) was stopped while \(ongoing.stage.rawValue)",
                next: "run 'bedplate switch \(ongoing.to)' to finish it", exit: .retry)
        }
        let release = try ReleaseStore(host: host, layout: layout).adopt(source)
        let before = record
        record.takeBackUnproven()
        for slot in slots where record[slot] != release {
            record[slot] = release
            // What was live there before is not there any more.
            if record.previous == slot { record.previous = nil }
        }
        if record != before { try record.save(layout, on: host) }
        return release
    }

    /// What the supervisor is to run now.
    package func stack() throws -> Stack {
        try StackCompiler(profile: profile, layout: layout).compile(record(), live: live())
    }

    /// nginx's files as they are to be now, by path.
    package func nginxFiles() throws -> [(path: FilePath, content: String)] {
        try NginxProgram(host: host, layout: layout, profile: profile).files(live: live())
    }
}
