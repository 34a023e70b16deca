import CoreTypes

extension Stack {
    /// Everything that keeps this stack from being run, as sentences; empty when nothing does.
    package var problems: [String] {
        guard format <= Self.currentFormat else {
            return ["it has format \(format), and this supervisor understands formats up to \(Self.currentFormat)"]
        }
        var problems: [String] = []
        for (word, path) in [("state", directories.state), ("logs", directories.logs), ("run", directories.run)]
        where !path.hasPrefix("/") {
            problems.append("the \(word) directory '\(path)' is no absolute path")
        }
        problems += metrics?.problems ?? []
        let names = Set(instances.map(\.name))
        if names.count != instances.count {
            for (index, spec) in instances.enumerated()
            where instances[..<index].contains(where: { $0.name == spec.name }) {
                problems.append("\(spec.name) is there twice")
            }
        }
        let scheduled = Set(instances.filter { $0.schedule != nil }.map(\.name))
        for spec in instances {
            problems += spec.problems.map { "\(spec.name): \($0)" }
            for name in spec.requires where scheduled.contains(name) {
                problems.append("\(spec.name): requires \(name), which only runs now and then")
            }
            for name in spec.requires + spec.after where !names.contains(name) {
                problems.append("\(spec.name): depends on \(name), which is not in the stack")
            }
        }
        problems += sharedPlaces
        if let path = logging?.journal, !path.hasPrefix("/") || path.utf8.count > 107 {
            problems.append("the journal's socket '\(path)' is no absolute path of at most 107 bytes")
        }
        if let spool = logging?.logstash?.spool, spool < Logging.Logstash.smallestSpool {
            problems.append("a spool of \(spool) is too small")
        }
        if let cycle = dependencyCycle { problems.append("the dependencies run in a circle: \(cycle)") }
        return problems
    }

    /// Two sockets cannot listen at one place.
    private var sharedPlaces: [String] {
        var problems: [String] = []
        var holders: [String: InstanceName] = [:]
        for spec in instances {
            for socket in spec.child?.value.sockets ?? [] {
                if let holder = holders.updateValue(spec.name, forKey: socket.place) {
                    problems.append("\(spec.name) and \(holder) both have a socket at \(socket.place)")
                }
            }
        }
        return problems
    }

    /// One circle among the dependencies, as `a → b → a`.
    private var dependencyCycle: String? {
        let edges = Dictionary(
            instances.map { ($0.name, $0.requires + $0.after) }, uniquingKeysWith: { first, _ in first })
        var finished: Set<InstanceName> = []
        for start in instances.map(\.name) where !finished.contains(start) {
            // A walk with its own stack: a chain may be longer than the thread's.
            var path: [(name: InstanceName, next: Int)] = [(start, 0)]
            var onPath: Set<InstanceName> = [start]
            while let last = path.last {
                let targets = edges[last.name, default: []]
                guard last.next < targets.count else {
                    finished.insert(last.name)
                    onPath.remove(last.name)
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = targets[last.next]
                if onPath.contains(target) {
                    let circle = path.drop { $0.name != target }.map(\.name.description)
                    return (circle + [target.description]).joined(separator: " → ")
                }
                guard !finished.contains(target) else { continue }
                path.append((target, 0))
                onPath.insert(target)
            }
        }
        return nil
    }
}

extension InstanceSpec {
    fileprivate var problems: [String] {
        var problems: [String] = []
        if command.first?.hasPrefix("/") != true { problems.append("the command is no absolute path") }
        if !workingDirectory.hasPrefix("/") { problems.append("the working directory is no absolute path") }
        for text in command + [workingDirectory] + environment.map({ "\($0.key)=\($0.value)" })
        where text.utf8.contains(0) {
            problems.append("a NUL byte in '\(text.prefix(40))'")
        }
        for key in Array(environment.keys) + Array(secretEnvironment.keys) where key.isEmpty || key.contains("=") {
            problems.append("'\(key)' cannot name an environment variable")
        }
        for name in credentials.keys where name.isEmpty || name.contains("/") || name.hasPrefix(".") {
            problems.append("'\(name)' cannot name a credential")
        }
        if schedule != nil, kind != .oneshot { problems.append("it has a schedule and is no one-shot") }
        for step in stop where !StopStep.signals.contains(step.signal) {
            problems.append("'\(step.signal)' in its stop steps is no signal")
        }
        if logs.maximumSize.bytes < 4096 { problems.append("logs rotated at \(logs.maximumSize) are too small") }
        if let total = logs.maximumTotal, total < logs.maximumSize {
            problems.append("logs of \(total) in all cannot be rotated at \(logs.maximumSize)")
        }
        return problems + (child?.value.problems ?? [])
    }
}

extension StopStep {
    /// The signals a step may name.
    package static let signals = [
        "HUP", "INT", "QUIT", "ABRT", "KILL", "USR1", "USR2", "TERM", "CONT", "STOP", "WINCH", "ALRM", "PWR",
    ]
}
