import Testing

@testable import Supervision

@Suite("A file of environment variables")
struct EnvironmentFileTests {
    private func parse(_ text: String) throws -> [String: String] { try EnvironmentFile.parse(Array(text.utf8)) }

    @Test(
        "values are taken as they are, in quotes or without",
        arguments: [
            ("A=1", "1"), ("A=", ""), ("  A=b c  \r", "b c"), ("A='$x \\n'", "$x \\n"), ("A=\"b # c\"", "b # c"),
            ("A=\"say \\\"hi\\\" \\\\ \\$x \\n\"", "say \"hi\" \\ $x \\n"), ("A=x=y", "x=y"), ("A=it's", "it's"),
            ("# no\n; no\n\n\t\nA=é", "é"), ("A=1\nA=2", "2"),
        ])
    func values(_ text: String, _ value: String) throws { #expect(try parse(text) == ["A": value]) }

    @Test(
        "what is no variable is refused with its line, and its text is never quoted",
        arguments: [
            ("A=1\nhunter2", 2, "there is no '=' in it"),
            ("=hunter2", 1, "what stands before '=' cannot name a variable"),
            ("export A=hunter2", 1, "what stands before '=' cannot name a variable"),
            ("1A=hunter2", 1, "what stands before '=' cannot name a variable"),
            ("A='hunter2", 1, "its quote is not closed"),
            ("A=\"hunter2\\\"", 1, "its quote is not closed"),
            ("A='a' hunter2", 1, "something follows its closing quote"),
            ("A=hunter2\u{0}", 1, "its value is no UTF-8 text"),
            ("BEDPLATE_RUN=hunter2", 1, "'BEDPLATE_RUN' is the supervisor's to set"),
            ("LISTEN_FDS=9", 1, "'LISTEN_FDS' is the supervisor's to set"),
        ])
    func mistakes(_ text: String, _ line: Int, _ reason: String) throws {
        #expect(throws: EnvironmentFile.Mistake(line: line, reason: reason)) { try parse(text) }
    }

    @Test("bytes that are no UTF-8 are refused, wherever they stand")
    func bytes() {
        #expect(throws: EnvironmentFile.Mistake.self) { try EnvironmentFile.parse([0x41, 0x3D, 0xFF]) }
        #expect(throws: EnvironmentFile.Mistake.self) { try EnvironmentFile.parse([0xFF, 0x3D, 0x41]) }
    }
}
