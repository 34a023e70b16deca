import CoreTypes
import Testing

@Suite("What operators read")
struct WordingTests {
    @Test("a secret shows its name and never its value")
    func secretRenderings() {
        let secret = Secret("hunter2", named: "DB_PASSWORD")
        var dumped = ""
        dump(secret, to: &dumped)
        for text in ["\(secret)", String(reflecting: secret), "\([secret])", "\(Optional(secret) as Any)", dumped] {
            #expect(text.contains("DB_PASSWORD"))
            #expect(!text.contains("hunter2"))
        }
        #expect(secret.reveal() == "hunter2")
    }

    @Test("an error says what we cannot do, why, and what to do next")
    func errors() {
        let error = OperatorError(
            doing: "switch traffic to green", because: "nginx rejects the new configuration", next: "see the candidate")
        #expect(
            error.description
                == "cannot switch traffic to green: nginx rejects the new configuration\n  next: see the candidate")
        #expect(
            OperatorError(doing: "stop", because: "it is not running").description == "cannot stop: it is not running")
    }

    @Test(
        "a mistyped word is matched with the one that was meant, and a different word with none",
        arguments: [
            ("sumary", "summary"), ("comand", "command"), ("porst", "ports"), ("front_dor", "front_door"),
            ("zebra", nil),
            ("x", nil),
        ])
    func suggestions(word: String, meant: String?) {
        #expect(["summary", "command", "ports", "front_door", "slots"].closest(to: word) == meant)
    }

    @Test("the exit codes are the ones that are promised")
    func exitCodes() {
        let codes: [ExitCode] = [.done, .failed, .changesPending, .usage, .retry]
        #expect(codes.map(\.rawValue) == [0, 1, 2, 64, 75])
    }
}
