import Testing

@Suite("Simulation")
struct SimulationTests {
    @Test("no seed breaks an invariant, and every stack can be stopped", arguments: 0..<8)
    func invariants(block: Int) {
        for seed in UInt64(block * 50)..<UInt64(block * 50 + 50) {
            var simulation = Simulation(seed: seed)
            for _ in 0..<250 where simulation.violations.isEmpty { simulation.step() }
            let stopped = simulation.shutDown()
            let story = simulation.trace.suffix(30).joined(separator: "\n")
            #expect(simulation.violations == [], "seed \(seed):\n\(story)")
            #expect(stopped, "seed \(seed) does not stop:\n\(story)")
            if !simulation.violations.isEmpty || !stopped { return }
        }
    }
}
