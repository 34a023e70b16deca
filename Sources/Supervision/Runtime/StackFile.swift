import Control
import CoreTypes
import Glibc

/// `stack.json`, as the CLI compiled it or the last Apply left it.
enum StackFile {
    static func load(_ path: String) throws(OperatorError) -> Stack {
        let doing = "run the stack \(path)"
        let content: [UInt8]?
        do throws(SystemError) { content = try Files.read(path) } catch {
            throw OperatorError(doing: doing, because: "\(error)", cause: error)
        }
        guard let bytes = content else {
            throw OperatorError(
                doing: doing, because: "there is no such file", next: "run '\(writer(of: path))', which writes it",
                exit: .usage)
        }
        return try parse(bytes, doing: doing)
    }

    /// The command that makes the file: an installation's at its place on the host, a trial's below another root.
    static func writer(of path: String) -> String {
        let place = "/var/lib/bedplate/stack.json"
        guard path != place, path.hasSuffix(place) else { return "bedplate install" }
        return "bedplate trial start --root \(path.dropLast(place.count))"
    }

    static func parse(_ bytes: [UInt8], doing: String) throws(OperatorError) -> Stack {
        let stack: Stack
        do { stack = try JSON(parsing: bytes).decode(Stack.self) } catch {
            throw OperatorError(doing: doing, because: describe(error), cause: error, exit: .usage)
        }
        let problems = stack.problems
        guard problems.isEmpty else {
            throw OperatorError(doing: doing, because: problems.joined(separator: "; "), exit: .usage)
        }
        return stack
    }

    /// Writes a stack beside the one at `path`: what cannot be kept is not to be run.
    static func stage(_ stack: Stack, at path: String) throws(SystemError) {
        guard let json = try? JSON(encoding: stack) else { throw SystemError("writing '\(path)'", EOVERFLOW) }
        try Files.stage(path, with: json.bytes + [0x0A], mode: 0o640, durable: true)
    }

    /// Tells those that stand by which slot is live. Not durable: each supervisor tells it before it starts anything.
    static func tellLiveSlot(of stack: Stack) throws(SystemError) {
        let path = stack.directories.liveSlot
        guard let live = stack.live else {
            guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("removing '\(path)'") }
            return
        }
        let line = Array("\(live)\n".utf8)
        guard (try? Files.read(path)) != line else { return }
        try Files.replace(path, with: line, mode: 0o644, durable: false)
    }

    /// Makes the staged stack the one that the next supervisor runs.
    static func putStaged(_ path: String) throws(SystemError) { try Files.putStaged(path, durable: true) }
}
