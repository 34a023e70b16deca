import CoreTypes

extension Stack {
    /// What applying `next` does: pure, so that a plan can be shown before it is made.
    package func difference(to next: Stack) -> ApplyReply {
        let old = Dictionary(instances.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let names = Set(next.instances.map(\.name))
        var reply = ApplyReply(
            added: [], removed: instances.map(\.name).filter { !names.contains($0) }, changed: [], unchanged: [])
        for spec in next.instances {
            if let before = old[spec.name] {
                if before.runsLike(spec) { reply.unchanged.append(spec.name) } else { reply.changed.append(spec.name) }
            } else {
                reply.added.append(spec.name)
            }
        }
        return reply
    }
}

extension InstanceSpec {
    /// Whether a process started from this spec needs no restart to be what `other` asks for: probes, restart policy,
    /// dependencies, schedule, stop steps, logs and the limits of its control group are taken up by the supervisor alone.
    /// What a probe makes the process find in its environment is not.
    package func runsLike(_ other: InstanceSpec) -> Bool {
        guard probes.hearsNotices == other.probes.hearsNotices, probes.watchdog == other.probes.watchdog else {
            return false
        }
        var aligned = other
        aligned.autostart = autostart
        aligned.schedule = schedule
        aligned.requires = requires
        aligned.after = after
        aligned.restart = restart
        aligned.probes = probes
        aligned.stop = stop
        aligned.logs = logs
        aligned.child = child
        return aligned == self && other.child?.value.ofARun == child?.value.ofARun
    }
}
