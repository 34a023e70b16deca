import Control
import CoreTypes

/// Who needs whom, in both directions.
struct DependencyGraph: Sendable {
    private(set) var hard: [InstanceName: [InstanceName]] = [:]
    private(set) var soft: [InstanceName: [InstanceName]] = [:]
    private(set) var hardDependents: [InstanceName: [InstanceName]] = [:]
    private(set) var softDependents: [InstanceName: [InstanceName]] = [:]

    init(_ specs: some Sequence<InstanceSpec>) {
        let specs = Array(specs)
        let known = Set(specs.map(\.name))
        for spec in specs {
            let required = spec.requires.filter(known.contains)
            if !required.isEmpty { hard[spec.name] = required }
            let ordered = spec.after.filter { known.contains($0) && !spec.requires.contains($0) }
            if !ordered.isEmpty { soft[spec.name] = ordered }
            for name in hard[spec.name, default: []] { hardDependents[name, default: []].append(spec.name) }
            for name in soft[spec.name, default: []] { softDependents[name, default: []].append(spec.name) }
        }
    }

    /// One more soft edge.
    mutating func order(_ name: InstanceName, after other: InstanceName) {
        guard !soft[name, default: []].contains(other) else { return }
        soft[name, default: []].append(other)
        softDependents[other, default: []].append(name)
    }

    /// Forgets an instance and every edge to it.
    mutating func remove(_ name: InstanceName) {
        for other in hard.removeValue(forKey: name) ?? [] { hardDependents[other]?.removeAll { $0 == name } }
        for other in soft.removeValue(forKey: name) ?? [] { softDependents[other]?.removeAll { $0 == name } }
        for other in hardDependents.removeValue(forKey: name) ?? [] { hard[other]?.removeAll { $0 == name } }
        for other in softDependents.removeValue(forKey: name) ?? [] { soft[other]?.removeAll { $0 == name } }
    }

    /// Everything whose next move may depend on this instance.
    func neighbours(of name: InstanceName) -> [InstanceName] {
        hard[name, default: []] + soft[name, default: []] + hardDependents[name, default: []]
            + softDependents[name, default: []]
    }

    /// What it requires, and what those require, and so on.
    func closure(of names: [InstanceName]) -> [InstanceName] {
        var found = Set(names)
        var order = names
        var at = 0
        while at < order.count {
            for name in hard[order[at], default: []] where found.insert(name).inserted { order.append(name) }
            at += 1
        }
        return order
    }
}
