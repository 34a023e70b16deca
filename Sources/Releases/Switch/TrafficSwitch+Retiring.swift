import Control
package import CoreTypes
import Host
import Profiles

/// The slot that is kept running after a switch, until it is stopped.
extension TrafficSwitch {
    /// Loads what stands by in the slot that is kept running; waits until its time is over and nobody uses it any more,
    /// and stops it. Whatever happens to the slots meanwhile is taken into account; nothing is locked while it waits.
    package func keep() async throws -> SlotRetirement? {
        var closed: SlotRecord.WarmSlot?
        var loaded: SlotRecord.WarmSlot?
        // A switch that is made meanwhile wakes nobody: nothing of the slot that it keeps is due sooner than this.
        let shortest =
            profile.processes.contains(where: \.standsBy)
            ? 1000 : max(min(profile.switching.warm.milliseconds, profile.frontDoor.streamLimit.milliseconds), 250)
        while let warm = try SlotRecord.load(layout, on: host)?.warm {
            if loaded != warm, try await load(warm) { loaded = warm }
            if closed != warm, streamsEnd(of: warm) <= host.wallTime() {
                guard try closeStreams(of: warm) else {
                    // Somebody is at work on the slots.
                    try await host.clock.sleep(for: .milliseconds(250))
                    continue
                }
                closed = warm
            }
            let next = closed == warm ? warm.until : min(warm.until, streamsEnd(of: warm))
            let left = next - host.wallTime()
            if left > 0 {
                try await host.clock.sleep(for: .milliseconds(min(left, shortest)))
                continue
            }
            if let retired = try await retire(warm, limit: warm.since + profile.frontDoor.drain.milliseconds) {
                return retired
            }
            // It has another part now, or somebody is about to give it one.
            try await host.clock.sleep(for: .milliseconds(250))
        }
        return nil
    }

    /// Stops the slot that is kept running now, once nobody uses it any more; `nil` when there is none.
    package func retire() async throws -> SlotRetirement? {
        guard let warm = try SlotRecord.load(layout, on: host)?.warm else { return nil }
        return try await retire(warm, limit: host.wallTime() + profile.frontDoor.drain.milliseconds)
    }

    /// `limit`: when open connections are waited for no longer, in milliseconds since 1970. `nil` when the slot was given
    /// another part meanwhile.
    private func retire(_ warm: SlotRecord.WarmSlot, limit: Int64) async throws -> SlotRetirement? {
        let compiler = StackCompiler(profile: profile, layout: layout)
        let processes = NginxProcesses(profile: profile, host: host, supervisor: supervisor)
        var drain = SlotDrain(of: warm.slot, compiler, processes, host)
        var open = 0
        var hasClosed = false
        while let found = try drain.look() {
            open = found
            if !hasClosed, streamsEnd(of: warm) <= host.wallTime() { hasClosed = try closeStreams(of: warm) }
            guard host.wallTime() < limit else { break }
            guard try SlotRecord.load(layout, on: host)?.warm == warm else { return nil }
            report(.draining(connections: open))
            try await host.clock.sleep(for: .milliseconds(250))
            open = 0
        }
        let lock: any FileLock
        do { lock = try SwitchLock.take(layout, on: host, doing: "stop the \(warm.slot) slot") } catch let error
            as OperatorError where error.exit == .retry
        { return nil }
        defer { lock.release() }
        guard var record = try SlotRecord.load(layout, on: host), record.warm == warm, record.ongoing == nil else {
            return nil
        }
        try supervisor.stop(compiler.instances(of: warm.slot))
        record.warm = nil
        try record.save(layout, on: host)
        let retirement = SlotRetirement(slot: warm.slot, cut: open)
        try supervisor.announce(.slotRetired, retirement.sentence)
        return retirement
    }

    /// In milliseconds since 1970.
    private func streamsEnd(of warm: SlotRecord.WarmSlot) -> Int64 {
        warm.since + profile.frontDoor.streamLimit.milliseconds
    }

    private func closeStreams(of warm: SlotRecord.WarmSlot) throws -> Bool {
        try whileKept(warm, doing: "close the streams of \(warm.slot)") {
            _ = SlotStreams(of: warm.slot, StackCompiler(profile: profile, layout: layout), host, supervisor)
                .close(report)
        }
    }

    /// Nobody does anything else to the slots meanwhile. False when nothing was done, as the slot has another part now or
    /// somebody may be about to give it one.
    func whileKept(_ warm: SlotRecord.WarmSlot, doing: String, _ body: () throws -> Void) throws -> Bool {
        let lock: any FileLock
        do { lock = try SwitchLock.take(layout, on: host, doing: doing) } catch let error as OperatorError
            where error.exit == .retry
        { return false }
        defer { lock.release() }
        guard let record = try SlotRecord.load(layout, on: host), record.warm == warm, record.ongoing == nil else {
            return false
        }
        try body()
        return true
    }
}

/// A slot that was kept running and is stopped.
package struct SlotRetirement: Sendable, Equatable {
    package let slot: Slot
    /// Connections that were still open when their time was up.
    package let cut: Int

    package init(slot: Slot, cut: Int) {
        self.slot = slot
        self.cut = cut
    }

    package var sentence: String { "\(slot), with \(cut) connections still open" }
}
