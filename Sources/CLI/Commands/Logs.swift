import ArgumentParser
import Control
import CoreTypes

struct Logs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Show what an instance wrote to its output.")
    @OptionGroup var options: GlobalOptions

    @Argument(help: "An instance, as in 'api@blue'.")
    var instance: String

    @Option(name: [.customShort("n"), .long], help: "How many lines to begin with.")
    var lines = 20

    @Flag(name: [.short, .long], help: "Go on with each new line until interrupted.")
    var follow = false

    func run() throws {
        guard lines >= 0 else {
            throw OperatorError(
                doing: "show logs", because: "there are no \(lines) lines", next: "--lines takes 0 or more",
                exit: .usage)
        }
        let instance = try InstanceArguments.parse([instance]).parsed(doing: "show logs")[0]
        let terminal = try options.invocation.terminal
        let json = options.json
        try options.supervisor.logs(instance, lines: lines, follow: follow) { line in
            terminal.result(json ? LogAnswer(line).line : line.text)
            return true
        }
    }
}

/// One line as one JSON object, so that a stream of them can be read line by line.
private struct LogAnswer: Answer {
    let instance: String
    let text: String

    init(_ line: LogLine) {
        instance = line.instance.description
        text = line.text
    }

    var line: String { (try? json(pretty: false)) ?? text }
}
