package import CoreTypes
import FoundationEssentials

/// What a command has to say. Text and JSON are rendered from the same value, so that they cannot disagree.
package protocol Answer: Encodable, Sendable {
    var text: String { get }
    var exit: ExitCode { get }
}

extension Answer {
    package var exit: ExitCode { .done }

    func json(pretty: Bool = true) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.keyEncodingStrategy = .convertToSnakeCase
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
