import CoreTypes

extension Consistency {
    mutating func checkDependencies(_ process: ProcessDeclaration, at path: ProfilePath) {
        for (key, names) in [("requires", process.requires), ("after", process.after)] {
            for (index, name) in names.enumerated() {
                let place = path + key + index
                guard let other = self.process(named: name) else {
                    report(place, "there is no process '\(name)'", suggestion: closestProcess(to: name))
                    continue
                }
                if key == "requires", other.schedule != nil {
                    report(
                        place, "'\(name)' only runs now and then, and cannot be required",
                        given: [ProfilePath(["processes", name.description, "schedule"])])
                }
                if key == "requires", other.isSlotted, !process.isSlotted {
                    report(
                        place,
                        "'\(process.name)' is outside the slots and cannot require '\(name)', of which each slot has one",
                        given: [path + "slotted", ProfilePath(["processes", name.description, "slotted"])])
                }
            }
        }
    }

    func closestProcess(to name: ProcessName) -> String? {
        profile.processes.map(\.name.description).closest(to: name.description)
    }

    /// Reports each circle once, at the process that comes first in the file.
    mutating func checkCircles() {
        var reported: Set<Set<ProcessName>> = []
        for process in profile.processes {
            guard let circle = circle(from: process.name), reported.insert(Set(circle)).inserted else { continue }
            let path = ProfilePath(["processes", process.name.description])
            let key = process.requires.contains(circle[1]) ? "requires" : "after"
            let way = circle.map(\.description).joined(separator: " → ")
            report(path + key, "these processes wait for each other in a circle: \(way)")
        }
    }

    /// The shortest way from a process back to itself, both ends included.
    private func circle(from start: ProcessName) -> [ProcessName]? {
        var ways = [[start]]
        var seen: Set<ProcessName> = []
        while !ways.isEmpty {
            let way = ways.removeFirst()
            guard let last = way.last, let process = process(named: last) else { continue }
            for next in process.requires + process.after {
                if next == start { return way + [next] }
                if seen.insert(next).inserted { ways.append(way + [next]) }
            }
        }
        return nil
    }
}
