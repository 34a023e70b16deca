/// Reads a profile: the shipped file, the operator's files laid over it in order, then single settings.
package struct ProfileLoader: Sendable {
    package var base: ProfileSource
    /// Each may change or add keys; `null` takes a value back to its default.
    package var overlays: [ProfileSource]
    /// Texts of the form `key.path=value`, the last word on every key.
    package var settings: [String]

    package init(base: ProfileSource, overlays: [ProfileSource] = [], settings: [String] = []) {
        self.base = base
        self.overlays = overlays
        self.settings = settings
    }

    /// The profile, or everything that is wrong with it.
    package func load() throws(ProfileProblems) -> LoadedProfile {
        let files = ([base] + overlays).map(\.name)
        var (merged, problems) = merge()
        guard let tree = merged else { throw ProfileProblems(problems, files: files) }
        var checker = ShapeChecker()
        guard let root = checker.read(tree) else {
            throw ProfileProblems(problems + checker.problems, files: files)
        }
        let profile = Profile(root)
        var consistency = Consistency(root, profile: profile, broken: checker.broken.union(problems.map(\.path)))
        problems += checker.problems + consistency.check()
        guard problems.isEmpty else { throw ProfileProblems(problems, files: files) }
        return LoadedProfile(profile: profile, root: root)
    }

    /// One tree of all the files and settings; `nil` when a file could not be read, which makes the rest guesswork.
    private func merge() -> (Tree?, [ProfileProblem]) {
        var problems: [ProfileProblem] = []
        var trees: [Tree?] = []
        for (index, source) in ([base] + overlays).enumerated() {
            var reader = YAMLReader(file: source.name)
            let tree = reader.read(source.bytes)
            problems += reader.problems
            if tree == nil, reader.problems.isEmpty, index == 0 {
                problems.append(
                    ProfileProblem(
                        at: .file(name: source.name, line: 1, column: 1), path: ProfilePath(), "the file is empty"))
            }
            // An overlay of comments only changes nothing.
            if tree != nil || !reader.problems.isEmpty || index == 0 { trees.append(tree) }
        }
        var settings: [Setting] = []
        for text in self.settings {
            do throws(ProfileProblem) { settings.append(try Setting(text)) } catch { problems.append(error) }
        }
        guard let first = trees.first ?? nil, trees.allSatisfy({ $0 != nil }) else { return (nil, problems) }
        for case let tree? in trees where !tree.isMap {
            problems.append(
                ProfileProblem(at: tree.origin, path: ProfilePath(), "expected a mapping of keys, not \(tree.kind)"))
            return (nil, problems)
        }
        var merged = trees.dropFirst().compactMap { $0 }.reduce(first) { $0.merged(with: $1) }
        for setting in settings {
            if let changed = merged.setting(setting.path.parts[...], to: setting.value) {
                merged = changed
            } else {
                problems.append(
                    ProfileProblem(at: setting.value.origin, path: setting.path, "there is nothing to set at this path")
                )
            }
        }
        return (merged, problems)
    }
}
