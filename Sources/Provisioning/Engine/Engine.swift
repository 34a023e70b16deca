import CoreTypes
package import Host
import SystemPackage

/// Checks, plans, applies, verifies and journals steps.
///
/// A run that is stopped anywhere needs no repair: the next one checks every step again, so it finds what is missing.
/// The journal says what a stopped run was doing, for people, and how everything was before, for uninstall.
package struct Engine: Sendable {
    private let host: any Host
    private let layout: Layout
    private let report: @Sendable (Progress) -> Void

    package init(host: any Host, layout: Layout, report: @escaping @Sendable (Progress) -> Void = { _ in }) {
        self.host = host
        self.layout = layout
        self.report = report
    }

    package func plan(_ steps: [any Step]) async throws -> [PlannedStep] {
        try await plan(StepGraph(sequence: steps))
    }

    package func run(_ steps: [any Step]) async throws -> [PlannedStep] {
        try await run(StepGraph(sequence: steps))
    }

    /// What a run would change, without changing anything: `--check`. Each step is checked on a machine that only
    /// imagines what the steps before it would have changed.
    package func plan(_ graph: StepGraph) async throws -> [PlannedStep] {
        let rehearsal = Rehearsal(of: host)
        var planned: [PlannedStep] = []
        for node in graph.nodes {
            let changes = try await changes(of: node.step, on: rehearsal)
            if planned.isEmpty, !changes.isEmpty {
                // The journal begins with the first change, and so does its folder.
                try rehearsal.files.createDirectory(
                    layout.journal.removingLastComponent(), mode: Journal.folderMode, owner: nil)
            }
            for change in changes { try await node.step.apply(change, to: rehearsal) }
            if !changes.isEmpty { planned.append(PlannedStep(step: node.step.title, changes: changes)) }
        }
        return planned
    }

    /// Makes every step so, and says what was changed, in the order of the graph. A second run changes nothing.
    package func run(_ graph: StepGraph) async throws -> [PlannedStep] {
        do { return try await locked(graph) } catch {
            throw FullDisk.explained(error, doing: "install", layout: layout, on: host)
        }
    }

    private func locked(_ graph: StepGraph) async throws -> [PlannedStep] {
        let lock = try await InstallLock.take(layout, on: host, doing: "install") { report(.awaitingKilledRun) }
        defer { lock.release() }
        let journal = try Journal(at: layout.journal, on: host)
        if !journal.interrupted.isEmpty { report(.resuming(journal.interrupted.map(\.sentence))) }
        let made = try await run(graph, journal)
        try journal.close()
        return graph.nodes.enumerated().compactMap { index, node in
            made[index].flatMap { $0.isEmpty ? nil : PlannedStep(step: node.step.title, changes: $0) }
        }
    }

    /// Changes by position. After a failure nothing new begins, and what runs is brought to its end.
    private func run(_ graph: StepGraph, _ journal: Journal) async throws -> [Int: [Change]] {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            var course = StepCourse(graph)
            var made: [Int: [Change]] = [:]
            var failure: (any Error)?
            while true {
                for (index, number) in failure == nil ? course.begin() : [] {
                    let step = graph.nodes[index].step
                    group.addTask {
                        report(.began(step: step.title, number: number, of: graph.nodes.count))
                        return Outcome(index: index, result: await outcome(of: step, journal))
                    }
                }
                guard let outcome = try await group.next() else { break }
                switch outcome.result {
                case .success(let changes):
                    made[outcome.index] = changes
                    course.end(outcome.index)
                    report(.ended(step: graph.nodes[outcome.index].step.title, changes: changes.count))
                case .failure(let error): failure = failure ?? error
                }
            }
            if let failure { throw failure }
            precondition(course.isOver, "a step of the graph was never begun")
            return made
        }
    }

    /// How the step at this place of the graph came out.
    private struct Outcome: Sendable {
        let index: Int
        let result: Result<[Change], any Error>
    }

    private func outcome(of step: any Step, _ journal: Journal) async -> Result<[Change], any Error> {
        do { return .success(try await run(step, journal)) } catch { return .failure(error) }
    }

    private func run(_ step: some Step, _ journal: Journal) async throws -> [Change] {
        let changes = try await changes(of: step, on: host)
        for change in changes {
            report(.changing(step: step.title, change))
            do { try await make(change, by: step, journal) } catch {
                throw FullDisk.explained(error, doing: change.sentence, layout: layout, on: host)
            }
            report(.changed(step: step.title, change))
        }
        guard !changes.isEmpty else { return [] }
        if let left = try await self.changes(of: step, on: host).first {
            throw OperatorError(
                doing: "prepare the \(step.title)",
                because: "after applying it there is still something to do: \(left.sentence)",
                next: "look for another program that changes it back")
        }
        return changes
    }

    private func make(_ change: Change, by step: some Step, _ journal: Journal) async throws {
        try journal.began(change, of: step.title)
        do {
            let ledger = LedgerHost(host, journal, layout, step: step.title, change) { news in
                switch news {
                case .waiting(let holder): report(.waiting(step: step.title, holder))
                case .said(let line): report(.said(step: step.title, line))
                }
            }
            try await step.apply(change, to: ledger)
        } catch {
            // The first error is the one that counts; a journal that cannot be written either is said beside it.
            do { try journal.failed(change, of: step.title, because: "\(error)") } catch let second {
                throw Self.failure(change, "\(error)\n  (and the journal could not be written: \(second))", error)
            }
            throw Self.failure(change, "\(error)", error)
        }
        try journal.done(change, of: step.title)
    }

    private func changes(of step: some Step, on host: any Host) async throws -> [Change] {
        step.plan(try await step.check(host))
    }

    private static func failure(_ change: Change, _ because: String, _ cause: any Error) -> any Error {
        if let cause = cause as? OperatorError { return cause }
        return OperatorError(
            doing: change.sentence, because: because, next: "repair that and run the same command again", cause: cause)
    }
}
