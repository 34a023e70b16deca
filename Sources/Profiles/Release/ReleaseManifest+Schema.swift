extension ReleaseManifest {
    /// Every key of `bedplate.yaml`: the reader and docs/releases.md are held against it.
    static let keys: [Key] = [
        Key("build", .object(buildKeys), .defaults(to: "{}"), "How it is built."),
        Key(
            "entry_points", .list(.text(.entryPoint), count: 0...50), .optional, .nextDeploy,
            "What must load in its Python environment, as `module:object`; absent: what the profile says."),
        Key("requirements", .object(requirementKeys), .defaults(to: "{}"), "What must be importable."),
        Key(
            "migrate", .list(.text(.argument), count: 0...100), .defaults(to: "[]"), .nextSwitch,
            "A command that is run once before it gets traffic; may hold placeholders for folders."),
        Key(
            "smoke", .list(.object(SmokeCheck.keys(.nextDeploy)), count: 0...100), .defaults(to: "[]"),
            "Requests that must be answered rightly before it gets traffic, besides those of the profile's `switch.smoke`: "
                + "at a deploy, and at each switch."),
    ]

    private static let buildKeys: [Key] = [
        Key(
            "requirements", .text(.relativePath), .defaults(to: "requirements.txt"), .nextDeploy,
            "The file of Python requirements; there is no environment where it is missing."),
        Key(
            "commands", .list(.list(.text(.argument), count: 1...100), count: 0...20), .defaults(to: "[]"), .nextDeploy,
            "Commands that make the static pages; empty: the `build` script of `package.json`."),
        Key("pages", .text(.relativePath), .defaults(to: "dist"), .nextDeploy, "The folder of the static pages."),
    ]

    private static let requirementKeys: [Key] = [
        Key(
            "critical", .list(.text(.module), count: 0...500), .optional, .nextDeploy,
            "Modules without which it is not deployed; absent: those of every package that its requirements name."),
        Key(
            "optional", .list(.text(.module), count: 0...500), .defaults(to: "[]"), .nextDeploy,
            "Modules whose absence is only told."),
    ]

    /// A row for every key, as docs/releases.md lists them.
    package static var rows: [ProfileSchema.Row] { ProfileSchema.rows(of: keys) }
}
