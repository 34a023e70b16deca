import CoreTypes

/// Checks what no single key can tell: names that must exist, ports that must differ, times that must fit.
///
/// A report names the paths it follows from; when one of them could not be read, there is nothing to say.
struct Consistency {
    let root: Value
    let profile: Profile
    let broken: Set<ProfilePath>
    private let origins: [ProfilePath: Origin]
    private(set) var problems: [ProfileProblem] = []

    init(_ root: Value, profile: Profile, broken: Set<ProfilePath>) {
        self.root = root
        self.profile = profile
        self.broken = broken
        var origins: [ProfilePath: Origin] = [:]
        root.walk(from: ProfilePath()) { path, value in origins[path] = value.origin }
        self.origins = origins
    }

    mutating func check() -> [ProfileProblem] {
        for process in profile.processes {
            let path = ProfilePath(["processes", process.name.description])
            checkName(process, at: path)
            checkCommand(process, at: path)
            checkSecrets(of: process, at: path)
            checkProbes(process, at: path)
            checkTimes(process, at: path)
            checkChild(process, at: path)
            checkLogs(process, at: path + "logs")
            checkSchedule(process, at: path)
            checkDependencies(process, at: path)
            checkRole(process, at: path)
        }
        checkCircles()
        checkPorts()
        checkRoutes()
        checkSmoke()
        checkLogging(at: ProfilePath(["logging"]))
        checkGenerators()
        checkProvisions()
        checkRelease()
        return problems
    }

    mutating func report(
        _ path: ProfilePath, _ sentence: String, suggestion: String? = nil, given others: [ProfilePath] = []
    ) {
        let readable = ([path] + others).allSatisfy { place in
            !broken.contains { $0 == place || (place.parts.count > $0.parts.count && $0.isRelated(to: place)) }
        }
        guard readable else { return }
        problems.append(ProfileProblem(at: origin(of: path), path: path, sentence, suggestion: suggestion))
    }

    /// Where the value stands; for one that is absent or a default, the nearest part around it that was written.
    func origin(of path: ProfilePath) -> Origin {
        var place = path
        while !place.parts.isEmpty {
            if let origin = origins[place], origin != .byDefault { return origin }
            place = place.parent
        }
        return origins[place] ?? .byDefault
    }

    /// Whether anybody wrote this value.
    func isWritten(_ path: ProfilePath) -> Bool { origins[path].map { $0 != .byDefault } ?? false }

    func process(named name: ProcessName) -> ProcessDeclaration? { profile.processes.first { $0.name == name } }
}
