import Glibc
import Supervision
import Testing

@Suite("Simulation")
struct SimulationTests {
    /// A million events; each seed is a world of its own.
    private static let blocks = 8
    private static let seedsPerBlock = 600
    private static let steps = 700

    @Test(
        "no seed breaks an invariant, a calm honours every wish, and every stack can be stopped", arguments: 0..<blocks)
    func invariants(block: Int) {
        var events = 0
        for seed in UInt64(block * Self.seedsPerBlock)..<UInt64((block + 1) * Self.seedsPerBlock) {
            var simulation = Simulation(seed: seed)
            let violations = run(&simulation, steps: Self.steps)
            events += simulation.events
            guard violations.isEmpty else {
                Issue.record("\(violations[0]); replay it: scripts/simulate \(seed) \(Self.steps)")
                return
            }
        }
        #expect(events >= 1_000_000 / Self.blocks, "only \(events) events")
    }

    /// `scripts/simulate SEED [STEPS]`: one seed, with all that happens.
    @Test("one seed, told", .enabled(if: getenv("BEDPLATE_SEED") != nil))
    func replay() throws {
        let seed = try #require(getenv("BEDPLATE_SEED").flatMap { UInt64(String(cString: $0)) })
        let steps = getenv("BEDPLATE_STEPS").flatMap { Int(String(cString: $0)) } ?? Self.steps
        var simulation = Simulation(seed: seed, isTelling: true)
        let violations = run(&simulation, steps: steps)
        print(simulation.trace.suffix(200).joined(separator: "\n"))
        print("seed \(seed): \(simulation.events) events, \(simulation.crashes) crashes of the supervisor")
        #expect(violations == [])
    }

    private func run(_ simulation: inout Simulation, steps: Int) -> [String] {
        for _ in 0..<steps where simulation.violations.isEmpty && !simulation.hasExited { simulation.step() }
        if simulation.violations.isEmpty, !simulation.machine.isShuttingDown { simulation.calmDown() }
        guard simulation.violations.isEmpty else { return simulation.violations }
        let stopped = simulation.shutDown()
        return simulation.violations.isEmpty && !stopped ? ["it does not stop"] : simulation.violations
    }
}
