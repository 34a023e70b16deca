extension ProfileSchema {
    static let runtimes: [Key] = [
        Key("python", .object(python), .optional, "Python, with a virtual environment."),
        Key("node", .object(node), .optional, "Node.js, from the upstream `node`."),
    ]

    private static let python: [Key] = [
        Key("version", .text(.series), .defaults(to: "'3.12'"), .apply, "The series."),
        Key(
            "method", .choice(Runtimes.Python.Method.allCases.map(\.rawValue)), .defaults(to: "automatic"), .apply,
            "The distribution's packages, the archive `python-<architecture>`, or the archive `python-source`, which is "
                + "built; `automatic`: the first of them that has it."),
    ]

    static let docker: [Key] = [
        Key(
            "access", .list(.process, count: 0...50), .defaults(to: "[]"), .apply,
            "The processes whose users join the group of Docker's socket, as container scans need it; that is as much as "
                + "root.")
    ]

    private static let node: [Key] = [
        Key("version", .text(.series), .defaults(to: "'20'"), .apply, "The series."),
        Key("yarn", .boolean, .defaults(to: "true"), .apply, "Whether `yarn` is installed too, from the distribution."),
    ]

    static let upstream: [Key] = [
        Key("key", .text(.address), .required, .apply, "Where the key is that signs the repository."),
        Key("fingerprint", .text(.fingerprint), .required, .apply, "The fingerprint that this key must have."),
        Key(
            "repositories", .dictionary(key: .name, entry: "<distribution>", value: .object(repository)), .required,
            "The repository by distribution: `debian-12`, `ubuntu-24-04`, or `any`."),
    ]

    private static let repository: [Key] = [
        Key("uri", .text(.address), .required, .apply, "Its address."),
        Key("suite", .text(.suite), .required, .apply, "The suite, as in `jammy/mongodb-org/7.0`."),
        Key("components", .list(.text(.name), count: 1...20), .defaults(to: "[main]"), .apply, "Its components."),
    ]

    static let archive: [Key] = [
        Key("uri", .text(.address), .required, .apply, "Its address."),
        Key("sha256", .text(.digest), .required, .apply, "What its SHA-256 must be."),
        Key("version", .text(.version), .optional, .apply, "Which version it is, for people."),
    ]

    static let mirror: [Key] = [
        Key("from", .text(.address), .required, .apply, "How an address of the catalogue begins."),
        Key("to", .text(.address), .required, .apply, "How it begins instead: `https:`, `http:` or `file:`."),
    ]
}

extension TextRule {
    static let series = TextRule(
        title: "version", expected: "digits and points", first: "0-9", rest: "0-9.", limit: 15)
    static let version = TextRule(
        title: "version", expected: "a version as its makers write it", first: "0-9a-z", rest: "A-Za-z0-9.+~-",
        limit: 40)
    static let address = TextRule(
        title: "address", expected: "an address without blanks and quotes", first: "a-z",
        rest: "A-Za-z0-9:/._~%?&=@+,-", limit: 1024)
    static let suite = TextRule(
        title: "suite", expected: "a suite of an apt repository", first: "A-Za-z0-9", rest: "A-Za-z0-9/._+~-",
        limit: 128)
    static let fingerprint = TextRule(
        title: "fingerprint", expected: "40 hexadecimal digits in capitals", first: "0-9A-F", rest: "0-9A-F", limit: 40)
    static let digest = TextRule(
        title: "SHA-256", expected: "64 hexadecimal digits", first: "0-9a-f", rest: "0-9a-f", limit: 64)
}
