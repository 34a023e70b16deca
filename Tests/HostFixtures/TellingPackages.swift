import Host
import SystemPackage

/// The packages of a fake machine for somebody who wants to hear whose locks are waited for. Nobody waits here: whoever
/// holds a lock when a change begins is told of, and has let go by then.
struct TellingPackages: PackageManager {
    let machine: FakeMachine
    let listener: @Sendable (WorkNews) -> Void

    private func wait() throws { for holder in try machine.lockHolders() { listener(.waiting(holder)) } }

    func install(_ request: PackageRequest) async throws {
        try wait()
        try await machine.install(request)
        for name in request.names { listener(.said("Setting up \(name) ...")) }
    }

    func install(file: FilePath) async throws {
        try wait()
        try await machine.install(file: file)
    }

    func remove(_ names: [String], purging: Bool) async throws {
        try wait()
        try await machine.remove(names, purging: purging)
    }

    func setHold(_ isHeld: Bool, on names: [String]) async throws {
        try wait()
        try await machine.setHold(isHeld, on: names)
    }

    func repair() async throws {
        try wait()
        try await machine.repair()
    }

    func database() throws -> PackageDatabase { try machine.database() }
    func additions(for request: PackageRequest) async throws -> [String] { try await machine.additions(for: request) }
    func removals(of names: [String]) async throws -> [String] { try await machine.removals(of: names) }
    func lockHolders() throws -> [PackageLockHolder] { try machine.lockHolders() }
    func indexes() async throws -> [String] { try await machine.indexes() }
    func health() async throws -> PackageHealth { try await machine.health() }
    func telling(_ listener: @escaping @Sendable (WorkNews) -> Void) -> any PackageManager {
        machine.telling(listener)
    }
}
