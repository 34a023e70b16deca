import ArgumentParser
import CoreTypes
import Host
import Profiles
import Releases

struct Switch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a slot live: start it, wait until it is healthy, move traffic, drain and stop the other.")
    @OptionGroup var options: GlobalOptions

    @Argument(help: "blue or green.")
    var slot: String

    func run() async throws {
        guard let target = Slot(rawValue: slot) else {
            throw OperatorError(
                doing: "switch traffic", because: "'\(slot)' is no slot", next: "name blue or green", exit: .usage)
        }
        let work = try options.traffic(doing: "switch traffic to \(target)")
        let watch = Stopwatch(try options.invocation.host.clock)
        try options.show(SwitchAnswer(try await work.run(to: target), seconds: watch.elapsed / .seconds(1)))
    }
}

struct Rollback: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Make the slot live again that was live before.")
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
        case .waiting, .draining: nil
        }
    }
}

struct SwitchAnswer: Answer {
    let live: Slot
    let previous: Slot?
    let hasMoved: Bool
    let cutConnections: Int
    let seconds: Double

    init(_ report: SwitchReport, seconds: Double) {
        live = report.live
        previous = report.previous
        hasMoved = report.hasMoved
        cutConnections = report.cut
        self.seconds = seconds
    }

    var text: String {
        guard hasMoved else { return "\(live) is already live; nothing was changed" }
        let cut = cutConnections == 0 ? "" : "; \(counted(cutConnections, "connection")) still open were cut"
        return "\(live) is live (\(tenths(seconds)) s)\(cut)"
    }
}

extension SwitchStage {
    /// What happens now, as an operator watches it.
    func sentence(from: Slot, to: Slot) -> String {
        switch self {
        case .starting: "starting \(to), until all of it is healthy"
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
