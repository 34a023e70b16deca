import Control
import Foundation
import Testing

/// The diagram in `docs/supervisor.md` is drawn from what the machine does. `scripts/golden --accept` rewrites it.
@Suite("The diagram of the states")
struct StateDiagramGoldenTests {
    private static let document = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../docs/supervisor.md").standardizedFileURL

    @Test("the diagram of the states is what the machine does in the simulation")
    func golden() throws {
        var seen: Set<SeenTransition> = []
        for seed in UInt64(1_000_000)..<1_000_600 {
            var simulation = Simulation(seed: seed, isWatching: true)
            for _ in 0..<500 where !simulation.hasExited { simulation.step() }
            _ = simulation.shutDown()
            #expect(simulation.violations == [])
            seen.formUnion(simulation.transitions)
        }
        let drawn = try String(contentsOf: Self.document, encoding: .utf8)
        let expected = try #require(StateDiagram(transitions: seen).inserted(into: drawn), "the document has no marks")
        if ProcessInfo.processInfo.environment["BEDPLATE_GOLDEN"] == "accept" {
            try Data(expected.utf8).write(to: Self.document)
        }
        let isDrawn = expected == drawn
        #expect(isDrawn, "docs/supervisor.md shows another machine; look at it, then scripts/golden --accept")
        let states = Set(seen.flatMap { [$0.from, $0.to] })
        #expect(states.count == 9, "a state was never entered, or one is new: \(states)")
    }
}
