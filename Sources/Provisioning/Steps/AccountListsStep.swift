package import Host

/// The lists of accounts, as far as an installation is about them, without what a tool leaves that is killed at its work:
/// `groupadd` and `useradd` write a list after the other, and their locks are files that stay.
package struct AccountListsStep: Step {
    package let title = "lists of accounts"
    private let names: Set<String>

    /// `names`: of the users and groups that the installation makes, or that its packages bring.
    package init(of names: Set<String>) { self.names = names }

    package func check(_ host: any Host) async throws -> [AccountFault] { try await host.accounts.faults(of: names) }

    package func plan(_ facts: [AccountFault]) -> [Change] { facts.map { Change("\($0)", $0.remedy) } }

    package func apply(_ change: Change, to host: any Host) async throws {
        for fault in try await check(host) where "\(fault)" == change.subject { try await host.accounts.mend(fault) }
    }
}

extension AccountFault {
    fileprivate var remedy: String {
        switch self {
        case .user(let name): "complete the user \(name), who is missing in /etc/shadow"
        case .group(let name): "complete the group \(name), which is missing in /etc/gshadow"
        case .remnant(let path): "remove \(path), which a tool that was killed has left"
        }
    }
}
