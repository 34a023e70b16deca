/// What all processes of an instance may use together; enforced by its control group.
package struct InstanceLimits: Hashable, Sendable, Codable {
    /// Memory, page cache included; beyond it the kernel kills.
    package var memory: ByteCount?
    /// Processor time in percent of one processor: 150 is one and a half.
    package var cpu: Int?
    /// Processes and threads.
    package var pids: Int?

    package init(memory: ByteCount? = nil, cpu: Int? = nil, pids: Int? = nil) {
        self.memory = memory
        self.cpu = cpu
        self.pids = pids
    }

    package var isEmpty: Bool { memory == nil && cpu == nil && pids == nil }
}
