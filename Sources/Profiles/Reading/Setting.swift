/// One `--set key.path=value`. The value is YAML on one line: `60s`, `[a, b]`, `null` for the default.
struct Setting {
    let path: ProfilePath
    let value: Tree

    init(_ text: String) throws(ProfileProblem) {
        func refuse(_ sentence: String) -> ProfileProblem {
            ProfileProblem(at: .setting(text), path: ProfilePath(), sentence)
        }
        guard let equals = text.firstIndex(of: "=") else {
            throw refuse("a setting is written key.path=value")
        }
        path = ProfilePath(String(text[..<equals]))
        guard !path.parts.isEmpty, path.parts.count <= 16, !path.parts.contains("") else {
            throw refuse("'\(path)' is not a key path such as front_door.listen")
        }
        var reader = YAMLReader(origin: .setting(text))
        let written = reader.read(Array(text[text.index(after: equals)...].utf8))
        if let problem = reader.problems.first { throw problem }
        value = written ?? Tree(content: .scalar("", isPlain: true), origin: .setting(text))
    }
}
