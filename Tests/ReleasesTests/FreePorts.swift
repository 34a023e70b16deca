import CoreTypes
import Host
import HostLinux
import Synchronization

/// Ports for the servers of tests, below those that the kernel gives to connections.
enum FreePorts {
    private static let given = Mutex<Set<Int>>([])

    /// One that nobody had a moment ago, and that no other test of this process was given.
    static func next() throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: 20000..<32000)
            guard given.withLock({ $0.insert(port).inserted }) else { continue }
            if try LinuxHost().network.listener(on: port) == nil { return port }
        }
        throw OperatorError(doing: "test", because: "no port is free")
    }
}
