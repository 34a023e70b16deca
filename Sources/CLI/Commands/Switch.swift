import ArgumentParser
import Control
import CoreTypes
import Host
import Profiles
import Releases

struct Switch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switch",
        abstract: "Make a slot live: start it, wait until it is healthy, move traffic, and watch it; else go back.")
    @OptionGroup var options: GlobalOptions

    @Argument(help: "blue or green.")
    var slot: String

    @Option(help: "How long to watch the new slot: a time such as 30s; 0 is not at all. Else the profile says.")
    var watch: String?

    @Option(help: "Send this percentage of the clients first, and all of them when that went well.")
    var weight: Int?

    @Option(
        help: "Show the new slot at the front door's preview for this time before it goes on. Ctrl-C ends it there.")
    var preview: String?

    func run() async throws {
        guard let target = Slot(rawValue: slot) else {
            throw OperatorError(
                doing: "switch traffic", because: "'\(slot)' is no slot", next: "name blue or green", exit: .usage)
        }
        let work = try options.traffic(doing: "switch traffic to \(target)")
        let stopwatch = Stopwatch(try options.invocation.host.clock)
        let report = try await work.run(to: target, wishes)
        try options.show(SwitchAnswer(report, seconds: stopwatch.elapsed / .seconds(1)))
    }

    private var wishes: SwitchWishes {
        get throws {
            func refused(_ because: String, _ next: String) -> OperatorError {
                OperatorError(doing: "switch traffic", because: because, next: next, exit: .usage)
            }
            if let weight, !(1...99).contains(weight) {
                throw refused("\(weight) is no share of the clients", "give --weight a percentage from 1 to 99")
            }
            func time(_ text: String?, _ option: String) throws -> TimeSpan? {
                do { return try text.map { $0 == "0" ? .zero : try TimeSpan($0) } } catch {
                    throw refused("'\(text ?? "")' is no time", "give \(option) a time such as 30s, or 0")
                }
            }
            return SwitchWishes(
                share: weight, watch: try time(watch, "--watch"), preview: try time(preview, "--preview"))
        }
    }
}

/// Run by the supervisor after a switch; nobody types it.
struct Keeper: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keeper", abstract: "Stop the slot that a switch kept running, when its time is over.",
        shouldDisplay: false)
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let retired = try await options.traffic(doing: "stop the slot that is kept running").keep()
        try options.invocation.terminal.result(retired.map { "stopped \($0.sentence)" } ?? "nothing to stop")
        // Its work is done, and a stack is healthy without it.
        try options.supervisor.stop([InstanceName(try ProcessName(StackCompiler.keeper))])
    }
}

struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Make the slot live again that was live before.")
    @OptionGroup var options: GlobalOptions

    func run() async throws {
        let work = try options.traffic(doing: "roll back")
        let watch = Stopwatch(try options.invocation.host.clock)
        try options.show(SwitchAnswer(try await work.rollBack(), seconds: watch.elapsed / .seconds(1)))
    }
}

extension GlobalOptions {
    fileprivate func traffic(doing: String) throws -> TrafficSwitch {
        let invocation = try invocation
        let installation = try Installation(at: layout, on: invocation.host, doing: doing)
        return installation.traffic(try supervisor, invocation.terminal)
    }
}

extension SwitchProgress {
    /// `nil` for what repeats many times a second.
    var sentence: String? {
        switch self {
        case .stage(let stage, let from, let to): stage.sentence(from: from, to: to)
        case .note(let sentence): sentence
        case .waiting, .draining: nil
        }
    }
}

struct SwitchAnswer: Answer {
    let live: Slot
    let previous: Slot?
    let hasMoved: Bool
    /// Still open when the drain's time was up.
    let cutConnections: Int
    /// WebSockets and event streams of the old slot, closed when their time was up.
    let closedStreams: Int
    /// From the command to the front door's word that the new slot answers.
    let secondsToMove: Double?
    /// Until when the previous slot is kept running; milliseconds since 1970.
    let warmUntil: Int64?
    let seconds: Double

    init(_ report: SwitchReport, seconds: Double) {
        live = report.live
        previous = report.previous
        hasMoved = report.hasMoved
        cutConnections = report.cut
        closedStreams = report.closedStreams
        secondsToMove = report.moved.map { $0 / .seconds(1) }
        warmUntil = report.warmUntil
        self.seconds = seconds
    }

    var text: String {
        guard hasMoved else { return "\(live) is already live; nothing was changed" }
        let cut = cutConnections == 0 ? "" : "; \(counted(cutConnections, "connection")) still open were cut"
        let kept = warmUntil.map { "; \(live.other) is kept for a rollback until \(CivilTime($0))" } ?? ""
        let closed = closedStreams == 0 ? "" : "; \(counted(closedStreams, "stream")) of \(live.other) were closed"
        return "\(live) is live (\(tenths(seconds)) s)\(closed)\(cut)\(kept)"
    }
}

extension SwitchStage {
    /// What happens now, as an operator watches it.
    func sentence(from: Slot, to: Slot) -> String {
        switch self {
        case .starting: "starting \(to), until all of it is healthy"
        case .smoking: "trying \(to) before it gets traffic"
        case .previewing: "showing \(to) at the preview"
        case .migrating: "running the migration of the release in \(to)"
        case .sharing: "sending some of the clients to \(to)"
        case .handing: "handing the work of \(from) over to \(to)"
        case .watching: "watching \(to)"
        case .testing: "testing nginx's new configuration"
        case .flipping: "moving traffic from \(from) to \(to)"
        case .verifying: "asking the front door which slot answers"
        case .draining: "letting \(from) finish its open requests"
        case .stopping: "stopping \(from)"
        case .returning: "taking traffic back to \(from)"
        case .abandoning: "stopping \(to) again"
        }
    }
}
