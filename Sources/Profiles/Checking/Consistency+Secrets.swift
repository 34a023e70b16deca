import CoreTypes

extension Consistency {
    mutating func checkSecrets(of process: ProcessDeclaration, at path: ProfilePath) {
        let credentials = process.credentials.enumerated().map { (path + "credentials" + $0.offset, $0.element) }
        let variables = process.secretEnvironment.sorted { $0.key < $1.key }
            .map { (path + "secret_environment" + $0.key, $0.value) }
        let names = profile.secrets.map(\.name)
        for (place, name) in credentials + variables where !names.contains(name) {
            report(
                place, "there is no secret '\(name)'",
                suggestion: names.map(\.description).closest(to: name.description))
        }
        for (variable, text) in process.environment.sorted(by: { $0.key < $1.key }) {
            let place = path + "environment" + variable
            if process.secretEnvironment[variable] != nil {
                report(place, "'\(variable)' is in secret_environment too")
            } else if Self.namesASecret(variable), !text.isEmpty, !text.hasPrefix("{"), !text.hasPrefix("/") {
                report(
                    place,
                    "a secret's value cannot stand in a profile; declare it under secrets, use secret_environment")
            } else if Self.holdsPassword(text) {
                report(place, "a password in a URL cannot stand in a profile; declare it under secrets")
            }
        }
    }

    /// Arguments are visible to every user of the machine.
    mutating func checkArgument(_ word: String, at path: ProfilePath) {
        let option = word.drop { $0 == "-" }.prefix { $0 != "=" }
        let isSecret = ["password", "passwd", "secret", "token", "api-key"].contains(option.lowercased())
        if Self.holdsPassword(word) || (isSecret && word.hasPrefix("-") && word.contains("=")) {
            report(path, "a secret in a command is visible to every user; use credentials or secret_environment")
        }
    }

    mutating func checkGenerators() {
        for (name, value) in root["secrets"].pairs {
            let path = ProfilePath(["secrets", name])
            let kind = value["generate"].string
            let takes = ["hex": "bytes", "base64": "bytes", "password": "length"][kind]
            for key in ["bytes", "length"] where key != takes && isWritten(path + key) {
                report(path + key, "'\(kind)' takes no '\(key)'", given: [path + "generate"])
            }
        }
    }

    /// Whether the name of a variable says that its value is secret: `DB_PASSWORD`, but not `SECRET_KEY_FILE`.
    private static func namesASecret(_ variable: String) -> Bool {
        let words = variable.uppercased().split(separator: "_")
        guard let last = words.last, !["FILE", "PATH", "DIR", "URL", "NAME", "ID", "LENGTH", "TTL"].contains(last)
        else { return false }
        return words.contains { ["PASSWORD", "PASSWD", "SECRET", "TOKEN", "APIKEY"].contains($0) } || last == "KEY"
    }

    /// Whether the text has a URL with a password: `redis://user:word@host`.
    private static func holdsPassword(_ text: String) -> Bool {
        text.split(separator: "://").dropFirst().contains { rest in
            let authority = rest.prefix { $0 != "/" && !$0.isWhitespace }
            guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
                return false
            }
            return authority.index(after: colon) < at
        }
    }
}
