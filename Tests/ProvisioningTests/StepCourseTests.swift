import Host
import Provisioning
import Testing

/// Steps by name, each with those that it comes after.
private func graph(_ steps: KeyValuePairs<String, Set<Int>>) -> StepGraph {
    var graph = StepGraph()
    for (title, after) in steps { graph.add(Nothing(title: title), after: after) }
    return graph
}

private struct Nothing: Step {
    let title: String

    func check(_ host: any Host) async throws {}
    func plan(_ facts: Void) -> [Change] { [] }
    func apply(_ change: Change, to host: any Host) async throws {}
}

extension StepCourse {
    fileprivate mutating func began() -> [Int] { begin().map(\.index) }
}

@Suite struct StepCourseTests {
    @Test("a course begins what waits for nothing, once, and numbers steps in the order in which they begin")
    func beginning() {
        var course = StepCourse(graph(["a": [], "b": [0], "c": []]))
        let first = course.begin()
        #expect(first.map(\.index) == [0, 2])
        #expect(first.map(\.number) == [1, 2])
        #expect(course.began() == [])
        course.end(0)
        let second = course.begin()
        #expect(second.map(\.index) == [1])
        #expect(second.map(\.number) == [3])
        #expect(course.began() == [])
    }

    @Test("a step begins when the last of those that it comes after has ended, in whatever order they end")
    func waitsForAll() {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
            var course = StepCourse(graph(["a": [], "b": [], "c": [], "last": [0, 1, 2]]))
            #expect(course.began() == [0, 1, 2])
            for step in order.dropLast() {
                course.end(step)
                #expect(course.began() == [])
            }
            course.end(order[2])
            #expect(course.began() == [3])
        }
    }

    @Test("a course is over when every step has ended, and not when the last one has begun")
    func over() {
        var course = StepCourse(graph(["a": [], "b": [0]]))
        _ = course.began()
        course.end(0)
        #expect(course.began() == [1])
        #expect(!course.isOver)
        course.end(1)
        #expect(course.isOver)
        var empty = StepCourse(StepGraph())
        #expect(empty.isOver)
        #expect(empty.began() == [])
    }

    @Test("every step of any graph begins exactly once, after all that it comes after, whatever ends first")
    func anyGraph() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SplitMix(seed: seed)
            var graph = StepGraph()
            for index in 0..<Int.random(in: 1...30, using: &random) {
                let after = (0..<index).filter { _ in Int.random(in: 0..<4, using: &random) == 0 }
                graph.add(Nothing(title: "\(index)"), after: Set(after))
            }
            var course = StepCourse(graph)
            var running: [Int] = []
            var begun: [Int] = []
            var ended: Set<Int> = []
            while true {
                for index in course.began() {
                    #expect(graph.nodes[index].after.isSubset(of: ended), "seed \(seed)")
                    begun.append(index)
                    running.append(index)
                }
                guard let next = running.randomElement(using: &random) else { break }
                running.removeAll { $0 == next }
                ended.insert(next)
                course.end(next)
            }
            #expect(course.isOver, "seed \(seed)")
            #expect(begun.sorted() == Array(graph.nodes.indices), "seed \(seed)")
        }
    }
}

@Suite struct StepGraphTests {
    @Test("a sequence is a graph in which each step comes after the one before it")
    func sequence() {
        let graph = StepGraph(sequence: [Nothing(title: "a"), Nothing(title: "b"), Nothing(title: "c")])
        #expect(graph.nodes.map(\.step.title) == ["a", "b", "c"])
        #expect(graph.nodes.map(\.after) == [[], [0], [1]])
    }

    @Test("adding a step says where it stands")
    func positions() {
        var graph = StepGraph()
        #expect(graph.add(Nothing(title: "a")) == 0)
        #expect(graph.add(Nothing(title: "b"), after: [0]) == 1)
        #expect(graph.nodes[1].after == [0])
    }

    @Test("a step can come after those that are in the graph already only, so that there is no circle")
    func noCircles() async {
        await #expect(processExitsWith: .failure) {
            var graph = StepGraph()
            graph.add(Nothing(title: "a"), after: [0])
        }
    }

    @Test("two steps cannot have one name, by which the journal and the log tell them apart")
    func names() async {
        await #expect(processExitsWith: .failure) {
            var graph = StepGraph()
            graph.add(Nothing(title: "a"))
            graph.add(Nothing(title: "a"))
        }
    }
}

/// Steele, Lea and Flood's generator: a seed names a run.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
