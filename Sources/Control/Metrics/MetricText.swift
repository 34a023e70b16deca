/// Families as OpenMetrics text (https://github.com/prometheus/OpenMetrics, specification 1.0.0).
package struct MetricText {
    package static let contentType = "application/openmetrics-text; version=1.0.0; charset=utf-8"

    private var bytes: [UInt8] = []

    package init() {}

    /// All families of a metric must come in one piece: the format does not allow to come back to one.
    package mutating func add(_ family: MetricFamily) {
        guard family.kind == .unknown else { return write(family) }
        // What is of no kind has no suffixes either: each of them becomes a metric of its own.
        let suffixes = family.samples.map(\.suffix)
        for (index, suffix) in suffixes.enumerated() where !suffixes[..<index].contains(suffix) {
            var part = family
            part.name += suffix
            // A name ends in its unit, which this one does no longer.
            if !suffix.isEmpty { part.unit = nil }
            part.samples = family.samples.filter { $0.suffix == suffix }.map { .init($0.labels, $0.value) }
            write(part)
        }
    }

    private mutating func write(_ family: MetricFamily) {
        line("# TYPE \(family.name) \(family.kind.rawValue)")
        if let unit = family.unit { line("# UNIT \(family.name) \(unit)") }
        line("# HELP \(family.name) \(Self.escaped(family.help))")
        for sample in family.samples {
            var text = family.name + sample.suffix
            if !sample.labels.isEmpty {
                let labels = sample.labels.sorted { $0.key < $1.key }
                text += "{" + labels.map { "\($0.key)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
            }
            line("\(text) \(Self.number(sample.value))")
        }
    }

    package consuming func finished() -> [UInt8] {
        line("# EOF")
        return bytes
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(0x0A)
    }

    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    /// Whole numbers without a point, so that byte counts can be read.
    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        return Int64(exactly: value).map(String.init) ?? String(value)
    }
}
