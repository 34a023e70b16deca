package import Host
package import SystemPackage

/// The kernel's tables of TCP sockets, as proc(5) shows them.
package struct LinuxNetwork: NetworkTable {
    let proc: FilePath

    package init(proc: FilePath) { self.proc = proc }

    package func listener(on port: Int) throws -> PortHolder? {
        guard let socket = try sockets().first(where: { $0.isListening && $0.port == port }) else { return nil }
        return try holder(of: socket.inode)
    }

    package func published() async throws -> [Int: String] {
        let ask = Command("/usr/bin/docker", "ps", "--format", "{{.Names}}\t{{.Ports}}")
        return Self.published(in: try await LinuxProcesses().demand(ask, timeout: .seconds(20)).output)
    }

    /// Of lines as `web<tab>0.0.0.0:8080->80/tcp, [::]:9000-9002->9000-9002/tcp, 53/udp`.
    package static func published(in text: String) -> [Int: String] {
        var found: [Int: String] = [:]
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t")
            guard fields.count == 2 else { continue }
            for entry in fields[1].split(separator: ",") where entry.hasSuffix("/tcp") {
                guard let arrow = entry.firstRange(of: "->"), let colon = entry[..<arrow.lowerBound].lastIndex(of: ":")
                else { continue }
                let ends = entry[entry.index(after: colon)..<arrow.lowerBound].split(separator: "-").compactMap {
                    UInt16($0)
                }
                guard let first = ends.first, let last = ends.last, first <= last else { continue }
                for port in first...last { found[Int(port)] = String(fields[0]) }
            }
        }
        return found
    }

    package func connections(to port: Int) throws -> Int {
        try sockets().count { $0.isEstablished && $0.port == port }
    }

    func sockets() throws -> [SocketRow] {
        let files = LinuxFiles()
        // A kernel without IPv6 has no tcp6.
        return try ["net/tcp", "net/tcp6"].flatMap { name -> [SocketRow] in
            let content = try files.readIfPresent(proc.appending(name), limit: 64 << 20) ?? []
            return String(decoding: content, as: UTF8.self).split(separator: "\n").dropFirst().compactMap(
                SocketRow.init)
        }
    }

    /// Looks for the process that has the socket open; another user's cannot be looked into.
    private func holder(of inode: Substring) throws -> PortHolder {
        let files = LinuxFiles()
        for name in try files.list(proc) {
            guard let pid = Int32(name) else { continue }
            let descriptors = proc.appending(name).appending("fd")
            let numbers: [String]
            do { numbers = try files.list(descriptors) } catch let error as HostError {
                guard error.isAbsence || error.isDenied else { throw error }
                continue
            }
            let isHolder = numbers.contains { number in
                // A descriptor that was closed meanwhile is not the one we look for.
                (try? files.linkTarget(descriptors.appending(number))) == "socket:[\(inode)]"
            }
            if isHolder { return PortHolder(pid: pid, command: try command(of: pid)) }
        }
        return PortHolder(pid: nil, command: nil)
    }

    private func command(of process: Int32) throws -> String? {
        try LinuxFiles().readOfProcess(process, "comm", limit: 4096, below: proc)
            .map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    }
}

/// One line of /proc/net/tcp.
struct SocketRow {
    let port: Int
    let remotePort: Int
    /// The local address, as the bytes on the network are read as a number of this machine; `nil`: IPv6.
    let address: UInt32?
    let inode: Substring
    private let state: Substring

    var isListening: Bool { state == "0A" }
    var isEstablished: Bool { state == "01" }

    init?(_ line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count > 9, let local = Self.place(fields[1]), let remote = Self.place(fields[2]) else {
            return nil
        }
        port = local.port
        remotePort = remote.port
        address = local.address.count == 8 ? UInt32(local.address, radix: 16) : nil
        state = fields[3]
        inode = fields[9]
    }

    private static func place(_ field: Substring) -> (address: Substring, port: Int)? {
        guard let colon = field.lastIndex(of: ":"), let port = Int(field[field.index(after: colon)...], radix: 16)
        else {
            return nil
        }
        return (field[..<colon], port)
    }
}

extension HostError {
    fileprivate var isDenied: Bool {
        guard case .failed(_, _, let errno) = self else { return false }
        return errno == .permissionDenied || errno == .notPermitted
    }
}
