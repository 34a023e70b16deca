import CoreTypes

extension Consistency {
    /// What a probe can ask, by its key.
    private static let kinds = ["http", "tcp", "exec", "notify", "unit", "redis", "mongodb"]

    /// The keys that only some kinds know.
    private static let belongings: [(key: String, kinds: [String])] = [
        ("method", ["http"]), ("statuses", ["http"]), ("headers", ["http"]), ("address", ["http", "tcp"]),
        ("user", ["redis", "mongodb"]), ("password", ["redis", "mongodb"]), ("database", ["mongodb"]),
    ]

    mutating func checkProbes(_ process: ProcessDeclaration, at path: ProfilePath) {
        let probes = [
            ("startup", process.startup), ("readiness", process.readiness), ("liveness", process.liveness),
        ]
        for (name, probe) in probes {
            let place = path + "probes" + name
            let kinds = Self.kinds.filter { isWritten(place + $0) }
            if isWritten(place), kinds.count != 1 {
                let found = kinds.isEmpty ? "none" : kinds.joined(separator: " and ")
                report(
                    place, "a probe has exactly one of \(Self.list(Self.kinds, "and")), not \(found)",
                    given: kindPaths(place))
            }
            if let probe { check(probe, of: process, kind: kinds.first, at: place, port: path + "port") }
            for key in ["tcp", "notify"] where place.value(in: root, key)?.boolean == false {
                report(place + key, "\(key) can only be true; leave it out instead")
            }
            for (key, owners) in Self.belongings
            where isWritten(place + key) && kinds.allSatisfy({ !owners.contains($0) }) {
                let article = owners.first == "http" ? "an" : "a"
                report(
                    place + key, "'\(key)' belongs to \(article) \(Self.list(owners, "or")) probe",
                    given: kindPaths(place))
            }
        }
    }

    private mutating func check(
        _ probe: ProcessDeclaration.Probe, of process: ProcessDeclaration, kind: String?, at place: ProfilePath,
        port: ProfilePath
    ) {
        switch probe.check {
        case .http(let address, _, _, _, _), .tcp(let address):
            if process.port == nil, address == nil {
                let kind = kind ?? "http"
                let article = kind == "http" ? "an" : "a"
                report(
                    place + kind,
                    "\(article) \(kind) probe needs an address or a port, and '\(process.name)' has no port",
                    given: [port, place + "address"])
            }
        case .exec(let command):
            for (index, word) in command.enumerated() {
                checkPlaceholders(in: word, of: process, at: place + "exec" + index)
            }
        case .notify:
            for key in ["interval", "successes"] where isWritten(place + key) {
                report(
                    place + key, "a notify probe asks nothing and has no '\(key)'; its 'timeout' is the longest silence"
                )
            }
        case .unit(let name):
            if !name.dropFirst().dropLast().contains(".") {
                report(place + "unit", "'\(name)' needs its type", suggestion: "\(name).service")
            }
        case .redis(_, let login): check(login, needsUser: false, at: place)
        case .mongodb(_, let login, _): check(login, needsUser: true, at: place)
        }
    }

    private mutating func check(_ login: ProcessDeclaration.Probe.Login, needsUser: Bool, at place: ProfilePath) {
        if login.user != nil, login.password == nil {
            report(place + "user", "a user needs a password", given: [place + "password"])
        }
        guard let password = login.password else { return }
        if needsUser, login.user == nil {
            report(place + "password", "MongoDB has no password without a user", given: [place + "user"])
        }
        let names = profile.secrets.map(\.name)
        guard !names.contains(password) else { return }
        report(
            place + "password", "there is no secret '\(password)'",
            suggestion: names.map(\.description).closest(to: password.description))
    }

    private func kindPaths(_ place: ProfilePath) -> [ProfilePath] { Self.kinds.map { place + $0 } }

    private static func list(_ words: [String], _ last: String) -> String {
        guard words.count > 1 else { return words.joined() }
        return words.dropLast().joined(separator: ", ") + " \(last) \(words[words.count - 1])"
    }
}

extension ProfilePath {
    /// The value of `key` at this path; `nil` when it is absent.
    fileprivate func value(in root: Value, _ key: String) -> Value? {
        var value: Value? = root
        for part in parts + [key] { value = value?.ifPresent(part) }
        return value
    }
}
