/// How far a run of a graph is: which steps may begin now.
package struct StepCourse {
    private let graph: StepGraph
    private var waiting: [Int]
    private var ended: Set<Int> = []

    package init(_ graph: StepGraph) {
        self.graph = graph
        waiting = Array(graph.nodes.indices)
    }

    /// Every step has ended.
    package var isOver: Bool { ended.count == graph.nodes.count }

    /// The steps that wait for nothing any more, by their place in the graph, with the number each begins as, from 1.
    package mutating func begin() -> [(index: Int, number: Int)] {
        let ready = waiting.filter { graph.nodes[$0].after.allSatisfy(ended.contains) }
        let begun = graph.nodes.count - waiting.count
        waiting.removeAll(where: ready.contains)
        return ready.enumerated().map { (index: $1, number: begun + $0 + 1) }
    }

    package mutating func end(_ index: Int) { ended.insert(index) }
}
