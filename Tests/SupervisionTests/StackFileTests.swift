import CoreTypes
import Testing

@testable import Supervision

@Suite struct StackFileTests {
    @Test(
        "a stack that is not there is written by the command of its place",
        arguments: [
            ("/nowhere/at-all/var/lib/bedplate/stack.json", "bedplate trial start --root /nowhere/at-all"),
            ("/nowhere/stack.json", "bedplate install"),
        ])
    func missing(path: String, command: String) throws {
        let error = try #require(throws: OperatorError.self) { try StackFile.load(path) }
        #expect(error.doing == "run the stack \(path)")
        #expect(error.because == "there is no such file")
        #expect(error.next == "run '\(command)', which writes it")
        #expect(error.exit == .usage)
    }

    @Test("on an installed host the command is 'bedplate install', whatever its path ends with")
    func installed() {
        #expect(StackFile.writer(of: "/var/lib/bedplate/stack.json") == "bedplate install")
    }
}
