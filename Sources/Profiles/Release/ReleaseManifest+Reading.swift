extension ReleaseManifest {
    /// The manifest, or everything that is wrong with it.
    package init(_ source: ProfileSource) throws(ProfileProblems) {
        var reader = YAMLReader(file: source.name)
        let tree = reader.read(source.bytes)
        guard reader.problems.isEmpty else { throw ProfileProblems(reader.problems, files: [source.name]) }
        self.init()
        // A file of comments says nothing.
        guard let tree else { return }
        var checker = ShapeChecker()
        let root = checker.read(tree, keys: Self.keys)
        let problems = checker.problems + (root.map { Self.problems(in: $0, besides: checker.broken) } ?? [])
        guard problems.isEmpty, let root else { throw ProfileProblems(problems, files: [source.name]) }
        build.requirements = root["build"]["requirements"].string
        build.commands = root["build"]["commands"].items.map { $0.items.map(\.string) }
        build.pages = root["build"]["pages"].string
        entryPoints = root.ifPresent("entry_points")?.items.compactMap { EntryPoint($0.string) }
        criticalModules = root["requirements"].ifPresent("critical")?.items.map(\.string)
        optionalModules = root["requirements"]["optional"].items.map(\.string)
        migrate = root["migrate"].items.map(\.string)
        smoke = root["smoke"].items.map(SmokeCheck.init)
    }

    /// What a shape cannot tell.
    private static func problems(in root: Value, besides broken: Set<ProfilePath>) -> [ProfileProblem] {
        var problems: [ProfileProblem] = []
        func report(_ value: Value, _ path: ProfilePath, _ sentence: String) {
            guard !broken.contains(path) else { return }
            problems.append(ProfileProblem(at: value.origin, path: path, sentence))
        }
        for key in ["requirements", "pages"] {
            let value = root["build"][key]
            guard value.string.split(separator: "/").contains("..") else { continue }
            report(value, ProfilePath(["build", key]), "a path inside of the release has no '..'")
        }
        for (index, item) in (root.ifPresent("entry_points")?.items ?? []).enumerated()
        where EntryPoint(item.string) == nil {
            report(item, ProfilePath(["entry_points"]) + index, "expected \(TextRule.entryPoint.expected)")
        }
        for (index, item) in root["migrate"].items.enumerated() {
            for word in placeholders(in: item.string) {
                report(item, ProfilePath(["migrate"]) + index, "'{\(word)}' stands for nothing here")
            }
        }
        return problems
    }

    /// Those of a text that mean nothing outside of an instance, or nothing at all.
    private static func placeholders(in text: String) -> [String] {
        let ofInstances: [Placeholder] = [.port, .slot, .store, .queue]
        return Placeholder.unknown(in: text) + ofInstances.filter { $0.occurs(in: text) }.map(\.rawValue)
    }
}
