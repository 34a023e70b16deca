import Control
import CoreTypes
import Host
import HostFixtures
import Synchronization
import SystemPackage

/// Nobody until `bedplated` is started; then the stack it was started with, all of it up. A shutdown ends it.
final class StartedSupervisor: SupervisorClient {
    private let host: FakeHost
    private let stack: FilePath
    private let state = Mutex<(fake: FakeSupervisor?, starts: Int)>((nil, 0))

    init(_ host: FakeHost, stack: FilePath) {
        self.host = host
        self.stack = stack
    }

    /// How often one was started.
    var starts: Int {
        host.commands.history.count { $0.executable.lastComponent?.string == "bedplated" }
            + host.machine.unitCalls.count { $0 == "start bedplated.service" }
    }

    /// As kill -9 does it.
    func crash() { state.withLock { $0.fake = nil } }

    func current() throws -> FakeSupervisor {
        try state.withLock { state in
            if let fake = state.fake { return fake }
            guard starts > state.starts, let text = host.disk.text(stack) else {
                throw OperatorError(doing: "reach it", because: "no supervisor answers", exit: .retry)
            }
            let stack = try JSON(parsing: Array(text.utf8)).decode(Stack.self)
            let fake = FakeSupervisor(stack: stack, up: Set(stack.instances.filter(\.autostart).map(\.name)))
            fake.onSignal { _, _ in }
            state = (fake, starts)
            return fake
        }
    }

    func status() throws -> StatusReply { try current().status() }
    func start(_ instances: [InstanceName]) throws { try current().start(instances) }
    func stop(_ instances: [InstanceName]) throws { try current().stop(instances) }
    func restart(_ instances: [InstanceName]) throws { try current().restart(instances) }
    func signal(_ instance: InstanceName, _ signal: String) throws { try current().signal(instance, signal) }
    func apply(_ stack: Stack) throws -> ApplyReply { try current().apply(stack) }
    func logs(_ instance: InstanceName, lines: Int, follow: Bool, receive: (LogLine) -> Bool) throws {
        try current().logs(instance, lines: lines, follow: follow, receive: receive)
    }
    func events(lines: Int, follow: Bool, receive: (SupervisorEvent) -> Bool) throws {
        try current().events(lines: lines, follow: follow, receive: receive)
    }
    func metrics() throws -> [MetricFamily] { try current().metrics() }
    func announce(_ kind: SupervisorEvent.Kind, _ reason: String) throws { try current().announce(kind, reason) }
    func shutdown() throws {
        try current().shutdown()
        crash()
    }
}
