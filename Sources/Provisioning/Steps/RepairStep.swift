package import Host

/// What a dpkg that was killed left half done.
package struct RepairStep: Step {
    package let title = "package database"

    package init() {}

    package func check(_ host: any Host) async throws -> [String] { try host.packages.database().unfinished }

    package func plan(_ facts: [String]) -> [Change] {
        guard !facts.isEmpty else { return [] }
        return [Change("dpkg", "finish what dpkg left half done: \(facts.joined(separator: ", "))")]
    }

    package func apply(_ change: Change, to host: any Host) async throws { try await host.packages.repair() }
}
