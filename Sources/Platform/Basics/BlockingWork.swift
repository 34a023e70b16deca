import NIOCore
import NIOPosix

/// Runs a call that blocks on a thread of NIO's blocking pool, so that neither event loops nor tasks wait for it.
func blocking<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await NIOSingletons.posixBlockingThreadPool.runIfActive(work)
}
