package import Host
package import SystemPackage

/// The kernel's tables of TCP sockets, as proc(5) shows them.
package struct LinuxNetwork: NetworkTable {
    private let proc: FilePath

    package init(proc: FilePath) { self.proc = proc }

    package func listener(on port: Int) throws -> PortHolder? {
        guard let socket = try sockets().first(where: { $0.isListening && $0.port == port }) else { return nil }
        return try holder(of: socket.inode)
    }

    package func connections(to port: Int) throws -> Int {
        try sockets().count { $0.isEstablished && $0.port == port }
    }

    private func sockets() throws -> [SocketRow] {
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
            if isHolder { return PortHolder(pid: pid, command: try command(of: name)) }
        }
        return PortHolder(pid: nil, command: nil)
    }

    private func command(of process: String) throws -> String? {
        try LinuxFiles().readIfPresent(proc.appending(process).appending("comm"), limit: 4096)
            .map { String(decoding: $0.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self) }
    }
}

/// One line of /proc/net/tcp.
struct SocketRow {
    let port: Int
    let inode: Substring
    private let state: Substring

    var isListening: Bool { state == "0A" }
    var isEstablished: Bool { state == "01" }

    init?(_ line: Substring) {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count > 9, let colon = fields[1].lastIndex(of: ":"),
            let number = Int(fields[1][fields[1].index(after: colon)...], radix: 16)
        else { return nil }
        port = number
        state = fields[3]
        inode = fields[9]
    }
}

extension HostError {
    fileprivate var isDenied: Bool {
        guard case .failed(_, _, let errno) = self else { return false }
        return errno == .permissionDenied || errno == .notPermitted
    }
}
