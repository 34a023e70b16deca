package import Control
package import CoreTypes
import Synchronization

/// A supervisor in memory: an instance that is started is up and healthy at once, unless the test says otherwise.
package final class FakeSupervisor: SupervisorClient {
    fileprivate struct State {
        var stack: Stack
        var instances: [InstanceName: InstanceStatus]
        var calls: [String] = []
        var sick: [InstanceName: String] = [:]
        var onSignal: (@Sendable (InstanceName, String) throws -> Void)?
        var lines: [InstanceName: [String]] = [:]
        var announced: [SupervisorEvent] = []
        var nextPid: Int32 = 1000
        var insisting: [InstanceName: String?] = [:]
        var image: (version: String, since: Int64) = ("test", 0)
    }
    private let faults: Faults
    private let state: Mutex<State>

    /// `up`: the instances that run already; all others are down.
    package init(stack: Stack, up: Set<InstanceName>, faults: Faults = Faults()) {
        self.faults = faults
        var instances: [InstanceName: InstanceStatus] = [:]
        for (index, spec) in stack.instances.enumerated() {
            let isUp = up.contains(spec.name)
            instances[spec.name] = InstanceStatus(
                name: spec.name, state: isUp ? .up : .down, wanted: isUp, healthy: isUp,
                pid: isUp ? Int32(100 + index) : nil, since: 0, release: spec.release)
        }
        var initial = State(stack: stack, instances: instances)
        for name in instances.keys { initial.speak(name) }
        state = Mutex(initial)
    }

    /// What was asked, in order: `start api@green worker@green`.
    package var calls: [String] { state.withLock { $0.calls } }
    /// What it was told to record.
    package var announced: [SupervisorEvent] { state.withLock { $0.announced } }
    package var stack: Stack { state.withLock { $0.stack } }
    package var up: Set<InstanceName> {
        state.withLock { Set($0.instances.values.filter { $0.state == .up }.map(\.name)) }
    }

    /// From now on this instance never becomes healthy, and says why.
    package func sicken(_ instance: InstanceName, because reason: String, lines: [String] = []) {
        state.withLock { state in
            state.sick[instance] = reason
            state.lines[instance] = lines
        }
    }

    /// It ends at once, and is not started again unless somebody asks.
    package func fell(_ instance: InstanceName, because reason: String) {
        state.withLock { state in
            state.instances[instance]?.state = .backingOff
            state.instances[instance]?.healthy = false
            state.instances[instance]?.pid = nil
            state.instances[instance]?.reason = reason
        }
    }

    /// A process beside those of the stack, which runs a release that no slot has.
    package func run(_ instance: InstanceName, of release: ReleaseID) {
        state.withLock { state in
            state.nextPid += 1
            state.instances[instance] = InstanceStatus(
                name: instance, state: .up, wanted: true, healthy: true, pid: state.nextPid, since: 0, release: release)
        }
    }

    /// It runs another version of its program, as the process that it was.
    package func reexecuted(as version: String, since: Int64) {
        state.withLock { $0.image = (version, since) }
    }

    /// Whatever it is started as or told, it says this of itself.
    package func insist(_ instance: InstanceName, says: String?) {
        state.withLock { $0.insisting[instance] = .some(says) }
    }

    /// Another supervisor has taken over, which heard nothing of what was said before.
    package func forgetWhatWasSaid() {
        state.withLock { state in for name in state.instances.keys { state.instances[name]?.says = nil } }
    }

    package func cure(_ instance: InstanceName) { state.withLock { $0.sick[instance] = nil } }

    package func onSignal(_ body: @escaping @Sendable (InstanceName, String) throws -> Void) {
        state.withLock { $0.onSignal = body }
    }

    package func status() throws -> StatusReply {
        try faults.read()
        return state.withLock { state in
            StatusReply(
                pid: 99, version: state.image.version, since: state.image.since, profile: state.stack.profile,
                instances: state.instances.values.sorted { $0.name < $1.name })
        }
    }

    package func start(_ instances: [InstanceName]) throws {
        try change("start", instances) { state, name in
            let reason = state.sick[name]
            guard var status = state.instances[name], status.state != .up || reason != nil else { return }
            if let spec = state.stack.instances.first(where: { $0.name == name }), spec.kind == .oneshot {
                status.state = reason == nil ? .completed : .failed
                status.reason = reason
                status.lastLines = state.lines[name]
                state.instances[name] = status
                return
            }
            state.nextPid += 1
            status.state = reason == nil ? .up : .backingOff
            status.wanted = true
            status.healthy = reason == nil
            status.pid = reason == nil ? state.nextPid : nil
            status.reason = reason
            status.lastLines = state.lines[name]
            state.instances[name] = status
            state.speak(name)
        }
    }

    package func stop(_ instances: [InstanceName]) throws {
        try change("stop", instances) { state, name in
            state.instances[name]?.state = .down
            state.instances[name]?.wanted = false
            state.instances[name]?.healthy = false
            state.instances[name]?.pid = nil
        }
    }

    package func restart(_ instances: [InstanceName]) throws { try change("restart", instances) { _, _ in } }

    package func signal(_ instance: InstanceName, _ signal: String) throws {
        try faults.change()
        let body = try state.withLock { state in
            state.calls.append("signal \(instance) \(signal)")
            guard let body = state.onSignal else {
                throw Unmocked(
                    effect: "signalling \(instance)", remedy: "supervisor.onSignal { instance, signal in }")
            }
            return body
        }
        try body(instance, signal)
    }

    package func apply(_ stack: Stack) throws -> ApplyReply {
        try faults.change()
        return state.withLock { state in
            state.calls.append("apply")
            let old = Dictionary(uniqueKeysWithValues: state.stack.instances.map { ($0.name, $0) })
            let new = Dictionary(uniqueKeysWithValues: stack.instances.map { ($0.name, $0) })
            for (name, spec) in new where state.instances[name] == nil {
                state.instances[name] = InstanceStatus(
                    name: name, state: spec.autostart ? .up : .down, wanted: spec.autostart, healthy: spec.autostart,
                    since: 0, release: spec.release)
            }
            for name in old.keys where new[name] == nil { state.instances[name] = nil }
            for (name, spec) in new { state.instances[name]?.release = spec.release }
            let isMove = state.stack.live != stack.live
            state.stack = stack
            if isMove { for name in state.instances.keys { state.speak(name) } }
            return ApplyReply(
                added: new.keys.filter { old[$0] == nil }.sorted(),
                removed: old.keys.filter { new[$0] == nil }.sorted(),
                changed: new.filter { old[$0.key] != nil && old[$0.key] != $0.value }.keys.sorted(),
                unchanged: new.filter { old[$0.key] == $0.value }.keys.sorted())
        }
    }

    package func logs(_ instance: InstanceName, lines: Int, follow: Bool, receive: (LogLine) -> Bool) throws {
        try faults.read()
        for text in state.withLock({ $0.lines[instance] ?? [] }).suffix(lines) {
            guard receive(LogLine(instance: instance, text: text)) else { return }
        }
    }

    /// An event for each call so far.
    package func events(lines: Int, follow: Bool, receive: (SupervisorEvent) -> Bool) throws {
        try faults.read()
        for call in calls.suffix(lines) {
            guard receive(SupervisorEvent(at: 0, kind: .trouble, reason: call)) else { return }
        }
    }

    package func metrics() throws -> [MetricFamily] {
        try faults.read()
        let up = self.up
        return [
            MetricFamily(
                "bedplate_instance_up", .gauge, help: "Whether it runs.",
                samples: stack.instances.map {
                    .init(["instance": $0.name.description], up.contains($0.name) ? 1 : 0)
                })
        ]
    }

    package func announce(_ kind: SupervisorEvent.Kind, _ reason: String) throws {
        // A word about what was done, which nothing depends on.
        try faults.read()
        state.withLock { $0.announced.append(SupervisorEvent(at: 0, kind: kind, reason: reason)) }
    }

    package func shutdown() throws {
        try faults.change()
        state.withLock { $0.calls.append("shutdown") }
    }

    private func change(_ verb: String, _ names: [InstanceName], _ body: (inout State, InstanceName) -> Void) throws {
        try faults.change()
        state.withLock { state in
            state.calls.append(([verb] + names.sorted().map(\.description)).joined(separator: " "))
            for name in names { body(&state, name) }
        }
    }
}

extension FakeSupervisor.State {
    /// One that runs and is told which slot is live says whether it stands by.
    fileprivate mutating func speak(_ name: InstanceName) {
        guard instances[name]?.state == .up, let spec = stack.instances.first(where: { $0.name == name }),
            spec.environment["BEDPLATE_LIVE_SLOT"] != nil
        else { return }
        instances[name]?.says = insisting[name] ?? (stack.live == name.slot ? "at work" : "standing by")
    }
}
