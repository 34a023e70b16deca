extension Consistency {
    mutating func checkSchedule(_ process: ProcessDeclaration, at path: ProfilePath) {
        guard process.schedule != nil else { return }
        let given = [path + "schedule"]
        if process.isSlotted {
            report(
                path + "slotted", "with a schedule, '\(process.name)' would run in both slots; leave 'slotted' out",
                given: given)
        }
        if isWritten(path + "oneshot"), !process.isOneshot {
            report(path + "oneshot", "what has a schedule runs to completion; leave 'oneshot' out", given: given)
        }
        if isWritten(path + "restart") {
            report(
                path + "restart", "what has a schedule is tried again at its next time; leave 'restart' out",
                given: given)
        }
        for probe in ["startup", "readiness"] where isWritten(path + "probes" + probe) {
            report(
                path + "probes" + probe, "what has a schedule is judged by its end; only liveness can be probed",
                given: given)
        }
    }
}
