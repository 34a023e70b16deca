import Foundation
import Testing

@testable import Profiles

@Suite("The key table")
struct SchemaTests {
    private func documentation() throws -> String {
        try String(contentsOf: repository.appending(path: "docs/profile.md"), encoding: .utf8)
    }

    @Test("docs/profile.md has the row of every key, and no row of any other")
    func rows() throws {
        let written = try documentation().split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `") }
        let wanted = ProfileSchema.rows.map(\.line)
        for line in wanted where !written.contains(line) { Issue.record("docs/profile.md lacks: \(line)") }
        for line in written where !wanted.contains(line) { Issue.record("docs/profile.md has no key for: \(line)") }
        #expect(wanted.count > 60)
    }

    @Test("every example of docs/profile.md is a profile, or changes one")
    func examples() throws {
        let blocks = try documentation().components(separatedBy: "```yaml\n").dropFirst()
            .map { $0.components(separatedBy: "\n```")[0] }
        #expect(blocks.count >= 2)
        let whole = try #require(blocks.first)
        #expect(lines(problems(whole)) == [])
        for overlay in blocks.dropFirst() { #expect(lines(problems(whole, overlays: [overlay])) == []) }
    }

    @Test("the JSON Schema is JSON, names every key, and refuses unknown ones")
    func jsonSchema() throws {
        let object = try JSONSerialization.jsonObject(with: Data(ProfileSchema.json().utf8))
        let schema = try #require(object as? [String: Any])
        #expect(schema["additionalProperties"] as? Bool == false)
        let properties = try #require(schema["properties"] as? [String: [String: Any]])
        #expect(Set(properties.keys) == Set(ProfileSchema.root.map(\.name)))
        let frontDoor = try #require(properties["front_door"]?["properties"] as? [String: [String: Any]])
        #expect(frontDoor["drain"]?["default"] as? String == "15m")
        #expect(schema["required"] as? [String] == ["profile", "processes"])
        let text = ProfileSchema.json()
        for row in ProfileSchema.rows {
            let name = try #require(row.path.split(separator: ".").last).replacing("[]", with: "")
            #expect(text.contains("\"\(name)\": {"))
        }
    }

    @Test("texts with quotes and control characters are valid JSON")
    func quoting() throws {
        let text = "a\"b\\c\n\u{1}é\u{7F}"
        let parsed = try JSONSerialization.jsonObject(with: Data(JSON.list([.text(text)]).line.utf8))
        #expect(parsed as? [String] == [text])
    }
}
