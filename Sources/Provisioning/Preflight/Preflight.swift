import CoreTypes
package import Host

/// What stands in the way of an installation, found before anything is changed, all of it at once.
package struct Preflight: Sendable {
    /// A TCP port that the application needs, and what for: `the front door`, `api of the blue slot`.
    package struct PortNeed: Hashable, Sendable {
        package let port: Int
        package let purpose: String

        package init(_ port: Int, for purpose: String) {
            self.port = port
            self.purpose = purpose
        }
    }

    package struct Finding: Hashable, Sendable {
        /// What is wrong, as a sentence without its full stop.
        package let sentence: String
        package let next: String?
        /// Worth knowing, and not in the way.
        package let isWarning: Bool

        init(_ sentence: String, next: String?, isWarning: Bool = false) {
            self.sentence = sentence
            self.next = next
            self.isWarning = isWarning
        }

        static func warning(_ sentence: String) -> Finding { Finding(sentence, next: nil, isWarning: true) }
    }

    private let ports: [PortNeed]
    private let ours: Set<Int32>

    /// `ours`: processes of our own stack, which may hold our ports.
    package init(ports: [PortNeed], ours: Set<Int32> = []) {
        self.ports = ports
        self.ours = ours
    }

    /// Every finding; empty: nothing stands in the way.
    package func check(_ host: any Host) throws -> [Finding] {
        try ports.compactMap { need in
            guard let holder = try host.network.listener(on: need.port) else { return nil }
            if let pid = holder.pid, ours.contains(pid) { return nil }
            return Finding(
                "port \(need.port), for \(need.purpose), is taken by \(holder.sentence)",
                next: "stop it, or choose another port")
        }
    }

    /// Throws all findings as one error.
    package func demand(of host: any Host, doing: String) throws {
        let findings = try check(host)
        guard !findings.isEmpty else { return }
        throw OperatorError(
            doing: doing, because: findings.map(\.sentence).joined(separator: "; "), next: findings.first?.next)
    }
}
