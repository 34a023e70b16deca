import CoreTypes
import FoundationEssentials

/// How the parts of the platform are. Those who ask at the same time share one check and the reply that is made of it.
final class HealthCheck: Sendable {
    struct Finding: Sendable {
        /// A part that does not answer; `nil`: all do.
        let down: String?
        /// What people and nginx read, as JSON.
        let report: Data
    }

    private enum Question { case parts }

    private let checks: SharedReads<Question, Finding>

    init(store: any ResultStore, queue: any JobQueue, slot: Slot?, deadlines: Deadlines) {
        checks = SharedReads { _ in
            async let storePart = Self.measure(deadlines) { try await store.ping().indexes }
            async let queuePart = Self.measure(deadlines) {
                try await queue.ping()
                return nil
            }
            let parts = await ["store": storePart, "queue": queuePart]
            let down = parts.filter { !$0.value.isOK }.keys.min()
            let report = Report(
                status: down == nil ? "ok" : "degraded", version: Settings.version, slot: slot, parts: parts)
            return Finding(down: down, report: try JSON.encoded(report))
        }
    }

    /// How many wait for a check to end.
    var waiting: Int { checks.waiting }

    func find() async throws -> Finding { try await checks.answer(to: .parts) }

    private struct Report: Encodable {
        let status: String
        let version: String
        let slot: Slot?
        let parts: [String: Part]
    }

    private struct Part: Encodable {
        var status: String
        var latencyMs: Double
        /// Of the store: how many indexes it made sure of.
        var indexes: Int?

        var isOK: Bool { status == "ok" }
    }

    /// A part that needs two seconds is down: who asks for health cannot wait for a database's own patience.
    private static func measure(
        _ deadlines: Deadlines, _ ping: @escaping @Sendable () async throws -> Int?
    ) async -> Part {
        var part = Part(status: "down", latencyMs: 0)
        let start = ContinuousClock.now
        // Why it is down is in the log of whoever needed it.
        do {
            part.indexes = try await deadlines.within(.seconds(2), ping)
            part.status = "ok"
        } catch {}
        let milliseconds = Double((ContinuousClock.now - start) / .microseconds(1)) / 1000
        part.latencyMs = (milliseconds * 1000).rounded() / 1000
        return part
    }
}
