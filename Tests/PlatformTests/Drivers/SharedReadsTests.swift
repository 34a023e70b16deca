import Synchronization
import Testing

@testable import Platform

@Suite("Reads that are shared")
struct SharedReadsTests {
    /// A database whose answers come when the test says so.
    private final class Server: Sendable {
        struct Down: Error {}

        private let asked = Mutex<[CheckedContinuation<Int, any Error>]>([])
        private let count = Mutex(0)
        private let cancelled = Mutex(0)

        var questions: Int { count.withLock { $0 } }
        var cancellations: Int { cancelled.withLock { $0 } }

        func ask(_ question: String) async throws -> Int {
            count.withLock { $0 += 1 }
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { answer in asked.withLock { $0.append(answer) } }
            } onCancel: {
                cancelled.withLock { $0 += 1 }
                take()?.resume(throwing: CancellationError())
            }
        }

        /// Answers the question that is under way, as soon as there is one.
        func answer(_ result: Result<Int, any Error>) async {
            while true {
                if let waiting = take() { return waiting.resume(with: result) }
                await Task.yield()
            }
        }

        private func take() -> CheckedContinuation<Int, any Error>? {
            asked.withLock { $0.isEmpty ? nil : $0.removeFirst() }
        }
    }

    private let server = Server()
    private let reads: SharedReads<String, Int>

    init() {
        reads = SharedReads { [server] in try await server.ask($0) }
    }

    /// Tasks that ask, each of which has begun to wait.
    private func askers(_ count: Int, _ question: String = "q") async -> [Task<Int, any Error>] {
        var tasks: [Task<Int, any Error>] = []
        for _ in 0..<count {
            let before = reads.waiting
            tasks.append(Task { [reads] in try await reads.answer(to: question) })
            while reads.waiting == before { await Task.yield() }
        }
        return tasks
    }

    @Test("whoever asks while a question is under way gets the next answer, which all of them share")
    func rounds() async throws {
        let first = await askers(1)
        let later = await askers(5)
        await server.answer(.success(1))
        await server.answer(.success(2))
        #expect(try await first[0].value == 1)
        for task in later { #expect(try await task.value == 2) }
        #expect(server.questions == 2 && reads.waiting == 0)
    }

    @Test("different questions do not wait for each other")
    func questions() async throws {
        let one = await askers(1, "one")
        let other = await askers(1, "other")
        await server.answer(.success(1))
        await server.answer(.success(1))
        #expect(try await one[0].value == 1)
        #expect(try await other[0].value == 1)
        #expect(server.questions == 2)
    }

    @Test("an error is told to those who waited for it, and the next one asks anew")
    func failure() async throws {
        let first = await askers(1)
        let later = await askers(1)
        await server.answer(.failure(Server.Down()))
        await #expect(throws: Server.Down.self) { try await first[0].value }
        await server.answer(.success(3))
        #expect(try await later[0].value == 3)
    }

    @Test("who is cancelled leaves at once, and with the last one the question ends")
    func cancellation() async throws {
        let first = await askers(1)
        let later = await askers(2)
        later[0].cancel()
        await #expect(throws: CancellationError.self) { try await later[0].value }
        #expect(server.cancellations == 0)
        first[0].cancel()
        await #expect(throws: CancellationError.self) { try await first[0].value }
        // The round of those who came later begins all the same.
        await server.answer(.success(4))
        #expect(try await later[1].value == 4)
        #expect(server.cancellations == 1 && reads.waiting == 0)
    }
}
