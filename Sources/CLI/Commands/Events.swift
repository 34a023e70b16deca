import ArgumentParser
import Control
import CoreTypes
import Host
import SystemPackage

struct Events: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Show what happened to the stack, newest last.")
    @OptionGroup var options: GlobalOptions

    @Option(name: [.customShort("n"), .long], help: "How many events to begin with.")
    var lines = 20

    @Flag(name: [.short, .long], help: "Go on with each new event until interrupted.")
    var follow = false

    func run() throws {
        guard lines >= 0 else {
            throw OperatorError(
                doing: "show events", because: "there are no \(lines) events", next: "--lines takes 0 or more",
                exit: .usage)
        }
        let terminal = try options.invocation.terminal
        let json = options.json
        try options.supervisor.events(lines: lines, follow: follow) { event in
            let answer = EventAnswer(event)
            terminal.result(json ? answer.line : answer.text)
            return true
        }
    }
}

/// One event, as one line of text or of JSON.
private struct EventAnswer: Answer {
    let at: String
    let kind: String
    let instance: String?
    let state: String?
    let pid: Int32?
    let reason: String?

    init(_ event: SupervisorEvent) {
        at = timestamp(event.at)
        kind = event.kind.rawValue
        instance = event.instance?.description
        state = event.state?.rawValue
        pid = event.pid
        reason = event.reason
    }

    var text: String {
        let subject = instance ?? "supervisor"
        let what = kind == "state" ? state ?? kind : kind
        let process = pid.map { ", process \($0)" } ?? ""
        return "\(at)  \(subject): \(what)\(process)" + (reason.map { " (\($0))" } ?? "")
    }

    var line: String { (try? json(pretty: false)) ?? text }
}
