/// Which texts a key takes: one rule for the check and for the JSON Schema.
struct TextRule: Sendable {
    /// For documentation: `name`.
    let title: String
    /// Completes "expected …".
    let expected: String
    /// The characters that may begin the text; `nil`: as `rest`, and the text may be empty.
    let first: CharacterClass?
    let rest: CharacterClass
    /// In bytes.
    let limit: Int

    func accepts(_ text: String) -> Bool {
        guard text.utf8.count <= limit else { return false }
        guard let first else { return text.utf8.allSatisfy(rest.contains) }
        return (text.utf8.first.map(first.contains) ?? false) && text.utf8.dropFirst().allSatisfy(rest.contains)
    }

    /// As a regular expression that matches the whole text.
    var pattern: String {
        guard let first else { return "^\(rest.pattern)*$" }
        return "^\(first.pattern)\(rest.pattern){0,\(limit - 1)}$"
    }

    static let name = TextRule(
        title: "name", expected: "a letter, then at most 30 of a-z, 0-9, '-'", first: "a-z", rest: "a-z0-9-", limit: 31)
    static let line = TextRule(
        title: "text", expected: "one line of text", first: nil, rest: .printable, limit: 4096)
    static let argument = TextRule(
        title: "text", expected: "a text without a NUL character", first: nil, rest: .anythingButNUL, limit: 65536)
    static let variable = TextRule(
        title: "variable", expected: "a letter or '_', then letters, digits and '_'",
        first: "A-Za-z_", rest: "A-Za-z0-9_", limit: 128)
    static let account = TextRule(
        title: "account", expected: "an account's name: a-z, 0-9, '_' and '-'", first: "a-z_", rest: "a-z0-9_-",
        limit: 32)
    static let prefix = TextRule(
        title: "path", expected: "a path that begins with '/', of letters, digits and . _ ~ - /",
        first: "/", rest: "A-Za-z0-9._~/-", limit: 1024)
    static let target = TextRule(
        title: "path", expected: "a path that begins with '/', without spaces", first: "/", rest: "!-~", limit: 1024)
    static let headerName = TextRule(
        title: "header", expected: "the name of an HTTP header", first: "A-Za-z", rest: "A-Za-z0-9-", limit: 64)
    static let unit = TextRule(
        title: "unit", expected: "the name of a unit: letters, digits and : _ . @ -", first: "A-Za-z0-9",
        rest: "A-Za-z0-9:_.@-", limit: 255)
    static let databaseName = TextRule(
        title: "name", expected: "a letter, digit or '_', then at most 62 of letters, digits and . _ @ -",
        first: "A-Za-z0-9_", rest: "A-Za-z0-9._@-", limit: 63)
    static let domain = TextRule(
        title: "domain", expected: "a domain name in small letters", first: "a-z0-9", rest: "a-z0-9.-", limit: 253)
    static let rate = TextRule(
        title: "rate", expected: "requests in a second or a minute: 10r/s, 30r/m", first: "1-9", rest: "0-9r/sm",
        limit: 12)
    static let email = TextRule(
        title: "e-mail address", expected: "an e-mail address", first: "A-Za-z0-9", rest: "A-Za-z0-9.@_+-", limit: 254)
    static let secretName = TextRule(
        title: "name", expected: "a capital letter, then at most 63 of A-Z, 0-9, '_'", first: "A-Z", rest: "A-Z0-9_",
        limit: 64)
    static let umask = TextRule(
        title: "octal mode", expected: "one to four octal digits, such as '0027'", first: "0-7", rest: "0-7", limit: 4)
    static let limit = TextRule(
        title: "limit", expected: "a value or 'infinity', or two as soft:hard", first: "0-9i", rest: "0-9A-Za-z:",
        limit: 64)
    static let percentage = TextRule(
        title: "percentage", expected: "a percentage such as 50%, at least 1%", first: "1-9", rest: "0-9%", limit: 8)
}
