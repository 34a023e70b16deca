import CoreTypes
import Host

/// Sees when nobody uses a slot any more.
struct SlotDrain {
    static let pause = Duration.milliseconds(50)

    private let ports: [Int]
    private let processes: NginxProcesses
    private let host: any Host
    private let oldWorkers: Set<Int32>
    /// The kernel's tables change while they are read: one look may miss an entry, two in a row do not.
    private var wasQuiet = false

    /// `oldWorkers`: workers of nginx that are known to read an older configuration; those that say so count too.
    init(
        of slot: Slot, _ compiler: StackCompiler, _ processes: NginxProcesses, _ host: any Host,
        oldWorkers: Set<Int32> = []
    ) {
        ports = compiler.ports(of: slot).map(\.port)
        self.processes = processes
        self.host = host
        self.oldWorkers = oldWorkers
    }

    /// Connections that are still open on the slot, 0 when only nginx may still hold something; `nil` once it was quiet
    /// twice in a row.
    mutating func look() throws -> Int? {
        let leaving = try processes.workers().count { oldWorkers.contains($0.pid) || $0.isShuttingDown }
        let open = try ports.map { try host.network.connections(to: $0) }.reduce(0, +)
        let isQuiet = leaving + open == 0
        defer { wasQuiet = isQuiet }
        return isQuiet && wasQuiet ? nil : open
    }
}
