package import CoreTypes

/// How an instance's processes are to run, where that differs from the usual. What is `nil` is the usual.
package struct ChildSettings: Codable, Sendable, Equatable {
    /// Supplementary groups besides those the user has.
    package var groups: [String]?
    /// Files of `KEY=VALUE` lines, read at each start; one with a leading `-` may be missing.
    package var environmentFiles: [String]?
    /// The file mode bits that are taken away; usually 0022.
    package var umask: Int?
    /// -20 (served first) to 19; usually the supervisor's own, but not less than 0.
    package var nice: Int?
    /// -1000 (never killed for memory) to 1000; usually the supervisor's own, but not less than 0.
    package var oomScore: Int?
    /// Whether programs with set-user-id bits or file capabilities may give it powers it has not; usually not.
    package var mayGainPrivileges: Bool?
    /// The only capabilities it and its children can ever have; usually those of its user.
    package var capabilities: [Capability]?
    package var resourceLimits: [ResourceLimit]?
    /// Taken up without a restart.
    package var limits: InstanceLimits?
    package var sockets: [ListeningSocket]?

    package init(
        groups: [String]? = nil, environmentFiles: [String]? = nil, umask: Int? = nil, nice: Int? = nil,
        oomScore: Int? = nil, mayGainPrivileges: Bool? = nil, capabilities: [Capability]? = nil,
        resourceLimits: [ResourceLimit]? = nil, limits: InstanceLimits? = nil, sockets: [ListeningSocket]? = nil
    ) {
        self.groups = groups
        self.environmentFiles = environmentFiles
        self.umask = umask
        self.nice = nice
        self.oomScore = oomScore
        self.mayGainPrivileges = mayGainPrivileges
        self.capabilities = capabilities
        self.resourceLimits = resourceLimits
        self.limits = limits
        self.sockets = sockets
    }

    /// Whether nothing differs from the usual; then a stack has none of it.
    package var isUsual: Bool { self == ChildSettings() }

    /// What only a new run takes up.
    var ofARun: ChildSettings? {
        var settings = self
        settings.limits = nil
        return settings.isUsual ? nil : settings
    }

    /// Everything that keeps it from being used, as sentences.
    var problems: [String] {
        var problems: [String] = []
        for file in environmentFiles ?? [] where !(file.hasPrefix("/") || file.hasPrefix("-/")) || file.utf8.contains(0)
        {
            problems.append("the environment file '\(file)' is no absolute path")
        }
        if let umask, !(0...0o777).contains(umask) { problems.append("its umask is not between 0 and 0777") }
        if let nice, !(-20...19).contains(nice) { problems.append("its nice value \(nice) is not between -20 and 19") }
        if let oomScore, !(-1000...1000).contains(oomScore) {
            problems.append("its out-of-memory score \(oomScore) is not between -1000 and 1000")
        }
        for limit in resourceLimits ?? [] where limit.soft ?? 0 < 0 || limit.hard ?? 0 < 0 {
            problems.append("its limit \(limit.kind.rawValue) is negative")
        }
        if let limits, limits.memory.map({ $0.bytes < 1 }) ?? false || limits.cpu ?? 1 < 1 || limits.pids ?? 1 < 1 {
            problems.append("its limits leave it nothing")
        }
        return problems + socketProblems
    }

    private var socketProblems: [String] {
        guard let sockets else { return [] }
        var problems: [String] = []
        if sockets.count > ListeningSocket.maximum {
            problems.append("\(sockets.count) sockets are more than the \(ListeningSocket.maximum) it can be handed")
        }
        for (index, socket) in sockets.enumerated() {
            if sockets[..<index].contains(where: { $0.name == socket.name }) {
                problems.append("the socket '\(socket.name)' is there twice")
            }
            if socket.name.isEmpty || !socket.name.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x3A }) {
                problems.append("'\(socket.name)' cannot name a socket")
            }
            if !(1...65535).contains(socket.port) { problems.append("the port \(socket.port) is none") }
            if socket.address.utf8.contains(0) { problems.append("a NUL byte in the address of '\(socket.name)'") }
        }
        return problems
    }
}
