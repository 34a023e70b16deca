/// Steps with their order: each runs when all that it comes after have been done, beside others that are ready.
package struct StepGraph: Sendable {
    package struct Node: Sendable {
        package let step: any Step
        /// Positions of the steps it comes after; all smaller than its own, so there is no circle.
        package let after: Set<Int>
    }
    package private(set) var nodes: [Node] = []

    package init() {}

    /// Each step after the one before it.
    package init(sequence steps: [any Step]) {
        for step in steps { add(step, after: nodes.isEmpty ? [] : [nodes.count - 1]) }
    }

    /// Adds a step and says where it stands, for those that come after it.
    @discardableResult
    package mutating func add(_ step: any Step, after positions: Set<Int> = []) -> Int {
        precondition(positions.allSatisfy(nodes.indices.contains), "a step comes after one that is not in the graph")
        precondition(!nodes.contains { $0.step.title == step.title }, "two steps are called '\(step.title)'")
        nodes.append(Node(step: step, after: positions))
        return nodes.count - 1
    }
}
