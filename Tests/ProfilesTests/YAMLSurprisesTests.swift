import Testing

@testable import Profiles

@Suite("What YAML would do to a profile")
struct YAMLSurprisesTests {
    @Test("booleans of YAML 1.1 are refused", arguments: ["yes", "on", "True", "'true'", "1", "~"])
    func booleans(_ word: String) {
        let found = problems(small("slotted: true\n    command", "slotted: \(word)\n    command"))
        #expect(found.map(\.path.description) == ["processes.worker.slotted"])
        #expect(found.first?.sentence.hasPrefix("expected true or false, not ") == true)
    }

    @Test(
        "numbers are decimal digits and nothing else",
        arguments: ["0x50", "010", "1_000", "8e3", "+80", "'80'", "80.0"])
    func numbers(_ word: String) {
        let found = problems(small("blue: {api: 8001}", "blue: {api: \(word)}"))
        #expect(lines(found).map { $0.prefix(38) } == ["5: slots.blue.api: expected a port fro"])
    }

    @Test("words that YAML 1.1 turns into booleans and numbers stay texts where a text is expected")
    func texts() throws {
        let profile = try load(small("[/usr/bin/worker]", "[/usr/bin/worker, no, 010, 1e3, on]")).profile
        #expect(profile.processes[1].command == ["/usr/bin/worker", "no", "010", "1e3", "on"])
    }

    @Test("a key given twice is reported with both lines, and the rest of the file is still checked")
    func duplicates() {
        let text = small("routes:", "profile: again\nsummry: x\nroutes:")
        #expect(
            lines(problems(text)) == [
                "21: profile: this key is given twice (first on line 1) -",
                "22: summry: this key is unknown summary",
            ])
        let nested = small("{api: 8001}", "{api: 8001, api: 8003, api: 8004}")
        #expect(problems(nested).map(\.path.description) == ["slots.blue.api", "slots.blue.api"])
    }

    @Test("a key given twice in quotes is reported too")
    func quotedDuplicates() {
        let found = problems(small("{api: 8001}", "{'api': 8001, 'api': 8003}"))
        #expect(lines(found) == ["5: slots.blue.api: this key is given twice (first on line 5) -"])
    }

    @Test("a key is the same key with and without quotes", arguments: ["api", "80"])
    func mixedDuplicates(_ key: String) {
        let found = problems(small("{api: 8001}", "{api: 8001, \(key): 8003, '\(key)': 8004}"))
        #expect(found.contains { $0.path.description == "slots.blue.\(key)" && $0.sentence.contains("given twice") })
    }

    @Test("anchors and aliases are refused by name")
    func aliases() {
        let text = small("{api: 8001}", "&ports {api: 8001}").replacing("{api: 8002}", with: "*ports")
        #expect(
            Set(problems(text).map(\.sentence)) == [
                "a profile does not support the anchor '&ports'; write the value out",
                "a profile does not support aliases; write the value out",
            ])
    }

    @Test("a bomb of aliases ends at once", .timeLimit(.minutes(1)))
    func bomb() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...30 {
            text +=
                "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        text += "? *a30\n: x\n? *a29\n: y\n"
        let found = problems(text)
        #expect(found.count == 51 && found.last?.line == 6)
        #expect(found.dropLast().allSatisfy { $0.sentence.hasSuffix("write the value out") })
    }

    @Test("nesting without end is refused", arguments: ["[", "{a: ", "- "])
    func nesting(_ part: String) {
        let found = problems(String(repeating: part, count: 60_000))
        #expect(found.count == 1)
        #expect(found.first?.sentence.hasPrefix("this is not YAML") == true)
    }

    @Test("a file of more than 256 KiB is refused")
    func huge() {
        let found = problems(String(repeating: "# 34567\n", count: 32 * 1024) + "#")
        #expect(lines(found) == ["1: : is larger than 256 KiB, which no profile needs -"])
    }

    @Test("bytes that are not UTF-8 are reported where they stand")
    func encoding() {
        let source = ProfileSource(
            name: "p.yaml", bytes: Array("profile: x\nsummary: é".utf8) + [0xFF] + Array("\n".utf8))
        let error = #expect(throws: ProfileProblems.self) { try ProfileLoader(base: source).load() }
        #expect(error?.list.map(\.description) == ["p.yaml:2:11: this is not UTF-8 text"])
    }

    @Test("a byte order mark does no harm")
    func byteOrderMark() throws {
        #expect(try load("\u{FEFF}" + small).profile.name == "small")
    }

    @Test("a tab as indentation is called a tab")
    func tabs() {
        #expect(
            lines(problems("profile: x\nprocesses:\n\tapi: {}\n")) == ["3: : a tab cannot indent YAML; use spaces -"])
    }

    @Test("a second document is refused")
    func documents() {
        let found = problems(small + "\n---\nprofile: other\n")
        #expect(lines(found) == ["23: : a second document begins here; a profile is a single one -"])
    }

    @Test("a type written with an exclamation mark is refused", arguments: ["!!str x", "!secret x", "!!binary aGk="])
    func tags(_ value: String) {
        let found = problems(small("profile: small", "profile: small\nsummary: \(value)"))
        #expect(lines(found) == ["2: summary: a profile does not support types written with '!'; leave it out -"])
    }

    @Test("merge keys are unknown keys")
    func mergeKeys() {
        let found = problems(small("{path: /, to: api}", "{<<: {path: /}, path: /, to: api}"))
        #expect(lines(found) == ["22: routes.0.<<: this key is unknown -"])
    }

    @Test(
        "a file without content, or with something else than keys, is refused", arguments: ["", "# only a comment\n"])
    func empty(_ text: String) {
        #expect(lines(problems(text)) == ["1: : the file is empty -"])
        #expect(lines(problems("[1, 2]")) == ["1: : expected a mapping of keys, not a list -"])
        #expect(lines(problems("hello")) == ["1: : expected a mapping of keys, not 'hello' -"])
    }
}
