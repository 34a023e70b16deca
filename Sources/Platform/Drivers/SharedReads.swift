import Synchronization

/// Lets those who ask a database the same thing at the same time share one answer.
///
/// Whoever comes while the question is under way waits for the next answer: nobody is told what was true before they
/// asked. So however many ask, the database hears one such question at a time, and each waits for two at most.
final class SharedReads<Question: Hashable & Sendable, Answer: Sendable>: Sendable {
    private typealias Waiting = [Int: CheckedContinuation<Answer, any Error>]

    /// Who asks one question: those whose answer is under way, and those who came later.
    private struct Line {
        var asked: Waiting
        var task: Task<Void, Never>
        var later: Waiting = [:]
    }

    private struct State {
        var lastTicket = 0
        var lines: [Question: Line] = [:]
    }

    private let state = Mutex(State())
    private let ask: @Sendable (Question) async throws -> Answer

    init(_ ask: @escaping @Sendable (Question) async throws -> Answer) { self.ask = ask }

    /// How many wait for an answer.
    var waiting: Int { state.withLock { $0.lines.values.reduce(0) { $0 + $1.asked.count + $1.later.count } } }

    /// A cancelled task is answered at once; the question is cancelled when nobody waits for it any more.
    func answer(to question: Question) async throws -> Answer {
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    // Looked at under the lock: a cancel that comes later finds the ticket.
                    if Task.isCancelled { return true }
                    if state.lines[question] == nil {
                        begin(question, [ticket: continuation], &state)
                    } else {
                        state.lines[question]?.later[ticket] = continuation
                    }
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            leave(ticket, question)
        }
    }

    private func begin(_ question: Question, _ waiting: Waiting, _ state: inout State) {
        let task = Task { [ask] in
            let result: Result<Answer, any Error>
            do { result = .success(try await ask(question)) } catch { result = .failure(error) }
            finish(question, with: result)
        }
        state.lines[question] = Line(asked: waiting, task: task)
    }

    private func finish(_ question: Question, with result: Result<Answer, any Error>) {
        let told = state.withLock { state -> Waiting in
            guard let line = state.lines.removeValue(forKey: question) else { return [:] }
            if !line.later.isEmpty { begin(question, line.later, &state) }
            return line.asked
        }
        for continuation in told.values { continuation.resume(with: result) }
    }

    private func leave(_ ticket: Int, _ question: Question) {
        let left = state.withLock { state -> CheckedContinuation<Answer, any Error>? in
            if let later = state.lines[question]?.later.removeValue(forKey: ticket) { return later }
            guard let asked = state.lines[question]?.asked.removeValue(forKey: ticket) else { return nil }
            if state.lines[question]?.asked.isEmpty == true { state.lines[question]?.task.cancel() }
            return asked
        }
        left?.resume(throwing: CancellationError())
    }
}
