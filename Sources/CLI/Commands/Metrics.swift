import ArgumentParser
import Control
import CoreTypes
import Releases

struct Metrics: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Show what can be measured of the stack now, as OpenMetrics text.")
    @OptionGroup var options: GlobalOptions

    func run() throws {
        let supervisor = try options.supervisor
        let record = try SlotRecord.load(try options.layout, on: try options.invocation.host)
        try options.show(MetricsAnswer(families: try supervisor.metrics() + [.ongoingSwitch(record?.ongoing)]))
    }
}

private struct MetricsAnswer: Answer {
    let families: [MetricFamily]

    var text: String {
        var text = MetricText()
        for family in families { text.add(family) }
        // The terminal ends the last line.
        return String(decoding: text.finished().dropLast(), as: UTF8.self)
    }
}

extension MetricFamily {
    /// The supervisor does not know of it: switching is the command's work.
    fileprivate static func ongoingSwitch(_ ongoing: SlotRecord.OngoingSwitch?) -> MetricFamily {
        MetricFamily(
            "bedplate_switch_ongoing", .gauge, help: "1 for the switch that is under way, with its stage.",
            samples: ongoing.map {
                [.init(["from": $0.from.rawValue, "to": $0.to.rawValue, "stage": $0.stage.rawValue], 1)]
            } ?? [])
    }
}
