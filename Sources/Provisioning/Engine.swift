import CoreTypes
package import Host
import SystemPackage

/// Checks, plans, applies, verifies and journals a list of steps, in their order.
///
/// A run that is stopped anywhere needs no repair: the next one checks every step again, so it finds what is missing.
/// The journal says what a stopped run was doing, for people and for uninstall.
package struct Engine: Sendable {
    private let host: any Host
    private let layout: Layout
    private let report: @Sendable (Progress) -> Void

    package init(host: any Host, layout: Layout, report: @escaping @Sendable (Progress) -> Void = { _ in }) {
        self.host = host
        self.layout = layout
        self.report = report
    }

    /// What a run would change, without changing anything: `--check`.
    package func plan(_ steps: [any Step]) async throws -> [PlannedStep] {
        var planned: [PlannedStep] = []
        for step in steps {
            let changes = try await changes(of: step)
            if !changes.isEmpty { planned.append(PlannedStep(step: step.title, changes: changes)) }
        }
        return planned
    }

    /// Makes every step so, and says what was changed. A second run changes nothing.
    package func run(_ steps: [any Step]) async throws -> [PlannedStep] {
        let lock = try takeLock()
        defer { lock.release() }
        var journal = try Journal(at: layout.journal, on: host)
        if !journal.interrupted.isEmpty { report(.resuming(journal.interrupted.map(\.sentence))) }
        var made: [PlannedStep] = []
        for (index, step) in steps.enumerated() {
            report(.began(step: step.title, number: index + 1, of: steps.count))
            let changes = try await run(step, &journal)
            report(.ended(step: step.title, changes: changes.count))
            if !changes.isEmpty { made.append(PlannedStep(step: step.title, changes: changes)) }
        }
        try journal.close()
        return made
    }

    private func run(_ step: some Step, _ journal: inout Journal) async throws -> [Change] {
        let changes = try await changes(of: step)
        for change in changes {
            report(.changing(step: step.title, change))
            try journal.began(change, of: step.title)
            do {
                try await step.apply(change, to: host)
            } catch {
                // The first error is the one that counts; a journal that cannot be written either is said beside it.
                do { try journal.failed(change, of: step.title, because: "\(error)") } catch let second {
                    throw Self.failure(change, "\(error)\n  (and the journal could not be written: \(second))", error)
                }
                throw Self.failure(change, "\(error)", error)
            }
            try journal.done(change, of: step.title)
            report(.changed(step: step.title, change))
        }
        guard !changes.isEmpty else { return [] }
        if let left = try await self.changes(of: step).first {
            throw OperatorError(
                doing: "prepare the \(step.title)",
                because: "after applying it there is still something to do: \(left.sentence)",
                next: "look for another program that changes it back")
        }
        return changes
    }

    private func changes(of step: some Step) async throws -> [Change] { step.plan(try await step.check(host)) }

    private static func failure(_ change: Change, _ because: String, _ cause: any Error) -> any Error {
        if let cause = cause as? OperatorError { return cause }
        return OperatorError(
            doing: change.sentence, because: because, next: "repair that and run the same command again", cause: cause)
    }

    private func takeLock() throws -> any FileLock {
        let directory = layout.installLock.removingLastComponent()
        if try host.files.status(directory) == nil {
            try host.files.createDirectory(
                directory, mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute], owner: nil)
        }
        do { return try host.files.lock(layout.installLock) } catch HostError.locked(_, let holder) {
            throw OperatorError(
                doing: "install",
                because: "another installation is running" + (holder.map { " (process \($0))" } ?? ""),
                next: "wait for it to end, then run the same command again", exit: .retry)
        }
    }
}
