import Testing

@testable import Scanning

@Suite("The rules")
struct RuleSetTests {
    static let rules = try! RuleSet.bundled()

    @Test("every rule reports its examples, and nothing but them")
    func examples() throws {
        let scan = ContentScan(Self.rules)
        var tried = 0
        for example in Self.rules.examples {
            let findings = Array(example.text.utf8).withUnsafeBufferPointer {
                scan.findings(in: $0, path: example.file).findings
            }
            let rules = findings.map(\.rule)
            if example.isMatch {
                #expect(rules.contains(example.rule), "\(example.rule): \(example.text) gives \(rules)")
            } else {
                #expect(!rules.contains(example.rule), "\(example.rule): \(example.text) gives \(rules)")
            }
            tried += 1
        }
        #expect(tried > 150)
    }

    @Test("every rule has examples of both kinds, and an id of its own")
    func completeness() {
        #expect(Set(Self.rules.rules.map(\.id)).count == Self.rules.rules.count)
        for rule in Self.rules.rules {
            for isMatch in [true, false] {
                let count = Self.rules.examples.count { $0.rule == rule.id && $0.isMatch == isMatch }
                #expect(count > 0, "\(rule.id) has no example with isMatch \(isMatch)")
            }
        }
    }

    @Test("a rule's example still matches in the middle of a text and after an escape")
    func surroundings() throws {
        let scan = ContentScan(Self.rules)
        for example in Self.rules.examples where example.isMatch {
            let text = "first line\nsecond\n" + example.text + "\nlast\n"
            let findings = Array(text.utf8).withUnsafeBufferPointer {
                scan.findings(in: $0, path: example.file).findings
            }
            #expect(findings.map(\.rule).contains(example.rule), "\(example.rule): \(example.text)")
        }
        let escaped = "text = \"line\\n" + Planted.github + "\""
        let found = Array(escaped.utf8).withUnsafeBufferPointer { scan.findings(in: $0, path: "a").findings }
        #expect(found.map(\.rule) == ["github-token"])
    }

    @Test("a broken rules file is refused with the rule's name")
    func broken() {
        #expect(throws: RuleSetError.self) { try RuleSet(json: Array("{".utf8)) }
        let rule = """
            {"placeholders": {"anywhere": [], "whole": [], "prefixes": []}, "ignoredSuffixes": [], "rules": [
             {"id": "r", "title": "R", "severity": "low", "keywords": ["abc"],
              "match": {"pattern": {"after": [{"of": "a", "count": 1}]}}, "examples": {"match": [], "ignore": []}}]}
            """
        #expect(throws: RuleSetError.badRule(id: "r", because: "it needs keywords of at least 4 bytes")) {
            try RuleSet(json: Array(rule.utf8))
        }
    }
}
