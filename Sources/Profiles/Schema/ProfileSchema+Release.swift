extension ProfileSchema {
    static let release: [Key] = [
        Key(
            "source", .choice(ReleasePolicy.Source.allCases.map(\.rawValue)), .defaults(to: "bundled"), .apply,
            "The application that ships with Bedplate, or what `bedplate deploy` brings."),
        Key(
            "entry_points", .list(.text(.entryPoint), count: 0...50), .defaults(to: "[]"), .nextDeploy,
            "What must load in a release's Python environment, as `module:object`; a release may say otherwise."),
        Key(
            "keep", .integer(2...100), .defaults(to: "5"), .nextDeploy,
            "How many releases stay on the host; those in use are never removed."),
    ]
}

extension TextRule {
    static let module = TextRule(
        title: "module", expected: "the dotted name of a Python module", first: "A-Za-z_", rest: "A-Za-z0-9_.",
        limit: 255)
    static let entryPoint = TextRule(
        title: "entry point", expected: "a Python module and an object in it, such as server:app", first: "A-Za-z_",
        rest: "A-Za-z0-9_.:", limit: 511)
    static let relativePath = TextRule(
        title: "relative path", expected: "a path inside of the release: letters, digits and . _ / -",
        first: "A-Za-z0-9._", rest: "A-Za-z0-9._/-", limit: 1024)
}
