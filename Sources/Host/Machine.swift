package import SystemPackage

/// The kernel's tables of TCP sockets.
package protocol NetworkTable: Sendable {
    /// Who listens on a TCP port of a loopback or wildcard address; `nil`: nobody.
    func listener(on port: Int) throws -> PortHolder?
    /// TCP ports that Docker leads to a container by the kernel's own tables, so that nobody listens on them, with the name of
    /// the container. Its daemon must run: asking one that waits for that would start it.
    func published() async throws -> [Int: String]
    /// Established connections whose local port is `port`.
    func connections(to port: Int) throws -> Int
    /// Ends the established connections from the IPv4 address `source` to `port`, by shutting down the ends that these
    /// processes hold, as if the other side had. Returns how many there were. Needs the right to trace the processes.
    func shutDown(connectionsTo port: Int, from source: String, heldBy processes: [Int32]) throws -> Int
    /// Connects to an address by number, sends `request`, and returns all that comes back until the end, at most
    /// `limit` bytes.
    func exchange(address: String, port: Int, request: [UInt8], limit: Int, timeout: Duration) async throws -> [UInt8]
}

/// The holder of a port; pid and name are unknown when the process is not ours to look at.
package struct PortHolder: Hashable, Sendable {
    package let pid: Int32?
    package let command: String?

    package init(pid: Int32?, command: String?) {
        self.pid = pid
        self.command = command
    }
}

/// What kind of machine this is.
package protocol SystemInformation: Sendable {
    /// The key-value pairs of os-release(5).
    func osRelease() throws -> [String: String]
    func hardware() throws -> Hardware
    /// The room on the file system that holds a path, or would hold it.
    func space(at path: FilePath) throws -> Space
}

/// What the machine is made of, as its kernel tells.
package struct Hardware: Hashable, Sendable {
    /// As uname(2) names it: `x86_64`, `aarch64`.
    package var architecture: String
    /// As uname(2) tells it: `6.1.0-25-amd64`.
    package var kernel: String
    /// In bytes, without swap.
    package var memory: Int64
    /// The flags of the first processor; empty where the kernel does not list them.
    package var processorFlags: Set<String>

    package init(architecture: String, kernel: String, memory: Int64, processorFlags: Set<String>) {
        self.architecture = architecture
        self.kernel = kernel
        self.memory = memory
        self.processorFlags = processorFlags
    }
}

/// A mounted file system and the room on it for an ordinary user.
package struct Space: Hashable, Sendable {
    /// Tells file systems apart: device number.
    package let device: UInt64
    /// In bytes.
    package let available: Int64
    /// Where it is mounted, as far as the path that was asked for goes.
    package let mount: FilePath
    /// Whether it can hold one more file: some run out of inodes before they run out of bytes.
    package let takesFiles: Bool

    package init(device: UInt64, available: Int64, mount: FilePath = "/", takesFiles: Bool = true) {
        self.device = device
        self.available = available
        self.mount = mount
        self.takesFiles = takesFiles
    }
}

extension PortHolder {
    /// Who it is, for people: `process 4711 (nginx)`.
    package var sentence: String {
        switch (pid, command) {
        case (let pid?, let command?): "process \(pid) (\(command))"
        case (let pid?, nil): "process \(pid)"
        case (nil, _): "a process of another user"
        }
    }
}
