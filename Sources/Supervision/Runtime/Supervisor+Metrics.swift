import Control
import CoreTypes
import Glibc

/// What can be measured of a stack, read only when somebody asks.
extension Supervisor {
    /// Each family in turn, so that a stack of a thousand instances needs room for one of them at a time.
    func eachMetric(_ receive: (MetricFamily) -> Void) {
        let statuses = machine.statuses { _ in 0 }
        toldManyMetrics = statuses.count >= 100
        instanceMetrics(statuses, receive)
        usageMetrics(statuses, receive)
        logMetrics(statuses, receive)
        probeMetrics(statuses, receive)
        switchMetrics(receive)
        supervisorMetrics(receive)
    }

    var metricText: [UInt8] {
        var text = MetricText()
        eachMetric { text.add($0) }
        return text.finished()
    }

    private func labels(_ name: InstanceName, _ more: [String: String] = [:]) -> [String: String] {
        var labels = more
        labels["instance"] = name.description
        labels["process"] = name.process.description
        labels["slot"] = name.slot?.rawValue
        return labels
    }

    private func instanceMetrics(_ statuses: [InstanceStatus], _ receive: (MetricFamily) -> Void) {
        func gauge(_ name: String, _ help: String, _ isSo: (InstanceStatus) -> Bool) {
            receive(
                MetricFamily(
                    "bedplate_instance_\(name)", .gauge, help: help,
                    samples: statuses.map { .init(labels($0.name), isSo($0) ? 1 : 0) }))
        }
        gauge("up", "Whether it runs and was found healthy once.") { $0.state == .up }
        gauge("healthy", "Whether its probes are content, or it has none and runs.") { $0.healthy }
        gauge("wanted", "Whether it is meant to run.") { $0.wanted }
        receive(
            MetricFamily(
                "bedplate_instance_state", .gauge, help: "1 for the state it is in.",
                samples: statuses.map { .init(labels($0.name, ["state": $0.state.rawValue]), 1) }))
        receive(
            MetricFamily(
                "bedplate_instance_restarts", .counter,
                help: "Restarts by the supervisor since an operator last started it.",
                samples: statuses.map { .init(labels($0.name), Double($0.restarts), suffix: "_total") }))
    }

    private func usageMetrics(_ statuses: [InstanceStatus], _ receive: (MetricFamily) -> Void) {
        let running = statuses.compactMap { status in status.pid.map { (name: status.name, pid: $0) } }
        let usages = ProcessUsage.bySession(Set(running.map(\.pid)))
        func samples(_ suffix: String = "", _ value: (ProcessUsage) -> Double) -> [MetricFamily.Sample] {
            running.compactMap { instance in
                usages[instance.pid].map { .init(labels(instance.name), value($0), suffix: suffix) }
            }
        }
        receive(
            MetricFamily(
                "bedplate_instance_cpu_seconds", .counter, unit: "seconds",
                help: "Processor time of its processes, and of those they have waited for.",
                samples: samples("_total") { $0.cpuSeconds }))
        receive(
            MetricFamily(
                "bedplate_instance_resident_memory_bytes", .gauge, unit: "bytes",
                help: "Resident memory of its processes; what they share is counted for each.",
                samples: samples { Double($0.residentBytes) }))
        receive(
            MetricFamily(
                "bedplate_instance_processes", .gauge, help: "Processes of its session.",
                samples: samples { Double($0.processes) }))
    }

    private func logMetrics(_ statuses: [InstanceStatus], _ receive: (MetricFamily) -> Void) {
        let captured = statuses.compactMap { status in logs[status.name].map { (status.name, $0) } }
        receive(
            MetricFamily(
                "bedplate_instance_log_bytes", .counter, unit: "bytes",
                help: "Captured output as it is written to the log, since the supervisor's program began.",
                samples: captured.map { .init(labels($0), Double($1.captured), suffix: "_total") }))
        receive(
            MetricFamily(
                "bedplate_instance_log_lost_bytes", .counter, unit: "bytes",
                help: "Captured output that could not be written, counted when writing goes on.",
                samples: captured.map { name, _ in .init(labels(name), Double(lostBytes[name] ?? 0), suffix: "_total") }
            ))
    }

    private func probeMetrics(_ statuses: [InstanceStatus], _ receive: (MetricFamily) -> Void) {
        var tallies: [(labels: [String: String], tally: ProbeMeter.Tally)] = []
        for status in statuses {
            guard let kinds = meter.tallies[status.name] else { continue }
            for kind in ProbeKind.allCases {
                guard let tally = kinds[kind] else { continue }
                tallies.append((labels(status.name, ["probe": kind.rawValue]), tally))
            }
        }
        receive(
            MetricFamily(
                "bedplate_probe_duration_seconds", .summary, unit: "seconds",
                help: "How long probes took to answer or to be given up.",
                samples: tallies.flatMap { labels, tally in
                    [
                        .init(labels, Double(tally.count), suffix: "_count"),
                        .init(labels, tally.seconds, suffix: "_sum"),
                    ]
                }))
        receive(
            MetricFamily(
                "bedplate_probe_last_duration_seconds", .gauge, unit: "seconds", help: "How long the last probe took.",
                samples: tallies.map { .init($0.labels, $0.tally.last) }))
        receive(
            MetricFamily(
                "bedplate_probe_failures", .counter, help: "Probes that failed, whether or not that counted.",
                samples: tallies.map { .init($0.labels, Double($0.tally.failures), suffix: "_total") }))
    }

    private func switchMetrics(_ receive: (MetricFamily) -> Void) {
        let live = machine.live
        receive(
            MetricFamily(
                "bedplate_slot_live", .gauge, help: "Whether the slot gets traffic.",
                samples: live == nil
                    ? [] : Slot.allCases.map { .init(["slot": $0.rawValue], $0 == live ? 1 : 0) }))
    }

    private func supervisorMetrics(_ receive: (MetricFamily) -> Void) {
        let usage = ProcessUsage.ofSelf()
        func single(
            _ name: String, _ help: String, _ value: Double, _ kind: MetricFamily.Kind = .gauge, unit: String? = nil
        ) {
            let suffix = kind == .counter ? "_total" : ""
            receive(
                MetricFamily(
                    "bedplate_supervisor_\(name)", kind, unit: unit, help: help,
                    samples: [.init([:], value, suffix: suffix)]))
        }
        receive(
            MetricFamily(
                "bedplate_supervisor", .info, help: "The supervisor's version and what it runs.",
                samples: [.init(["version": version, "profile": machine.profile], 1, suffix: "_info")]))
        single(
            "start_time_seconds", "When its program began, in seconds since 1970.", Double(started) / 1000,
            unit: "seconds")
        single("cpu_seconds", "Processor time.", usage.cpuSeconds, .counter, unit: "seconds")
        single("resident_memory_bytes", "Resident memory.", Double(usage.residentBytes), unit: "bytes")
        single("open_descriptors", "Open descriptors.", Double(Files.names(in: "/proc/self/fd").count))
        single("wakeups", "Turns of its loop.", Double(turns), .counter)
        single("control_conversations", "Clients of the control socket.", Double(server?.count ?? 0))
        receive(
            MetricFamily(
                "bedplate_supervisor_events", .counter, help: "Events by kind, since its program began.",
                samples: record.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
                    .init(["kind": $0.key.rawValue], Double($0.value), suffix: "_total")
                }))
        single("events_lost", "Events that did not get into the record on disk.", Double(record.lost), .counter)
        single(
            "journal_entries_lost", "Entries that systemd's journal did not take.",
            Double(systemJournal?.lost ?? 0), .counter)
    }
}
