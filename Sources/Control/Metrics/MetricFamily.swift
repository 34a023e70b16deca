/// One metric with all its samples, as OpenMetrics 1.0 divides them.
package struct MetricFamily: Codable, Sendable, Equatable {
    /// Without a sample's suffix, and ending in the unit if there is one: `bedplate_instance_cpu_seconds`.
    package var name: String
    package var kind: Kind
    package var unit: String?
    /// One sentence.
    package var help: String
    package var samples: [Sample]

    package init(_ name: String, _ kind: Kind, unit: String? = nil, help: String, samples: [Sample] = []) {
        self.name = name
        self.kind = kind
        self.unit = unit
        self.help = help
        self.samples = samples
    }

    package enum Kind: String, Sendable {
        case gauge, counter, summary, info
        /// A word of a later release.
        case unknown
    }

    package struct Sample: Codable, Sendable, Equatable {
        /// What follows the family's name: `_total` for a counter, `_sum` and `_count` for a summary, `_info`.
        package var suffix: String
        package var labels: [String: String]
        package var value: Double

        package init(_ labels: [String: String], _ value: Double, suffix: String = "") {
            self.suffix = suffix
            self.labels = labels
            self.value = value
        }
    }

    /// The family in parts of at most `count` samples, so that no message outgrows what a client must accept.
    package func parts(of count: Int) -> [MetricFamily] {
        guard samples.count > count else { return [self] }
        return stride(from: 0, to: samples.count, by: count).map { start in
            var part = self
            part.samples = Array(samples[start..<min(start + count, samples.count)])
            return part
        }
    }
}

extension MetricFamily.Kind: Codable {
    package init(from decoder: any Decoder) throws {
        self = Self(rawValue: try decoder.singleValueContainer().decode(String.self)) ?? .unknown
    }
}
