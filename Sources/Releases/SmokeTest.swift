import CoreTypes
import Host
import Profiles

/// Asks a slot, on its own ports, what the profile and its release say that it must answer.
struct SmokeTest {
    private static let timeout = Duration.seconds(30)
    private static let limit = 16 << 20

    let profile: Profile
    let slot: Slot
    let host: any Host

    /// Those of every release, and those of this one.
    func checks(of manifest: ReleaseManifest) -> [SmokeCheck] { profile.switching.smoke + manifest.smoke }

    func run(_ checks: [SmokeCheck]) async throws {
        for check in checks { try await run(check) }
    }

    private func run(_ check: SmokeCheck) async throws {
        let port = try port(of: check.path)
        // HTTP/1.0: the body comes as it is, in no chunks, and the connection ends with it.
        let request = """
            GET \(check.path) HTTP/1.0\r\nHost: 127.0.0.1:\(port)\r\nUser-Agent: bedplate\r\nConnection: close\r\n\r\n
            """
        let bytes: [UInt8]
        do {
            bytes = try await host.network.exchange(
                address: "127.0.0.1", port: port, request: Array(request.utf8), limit: Self.limit,
                timeout: Self.timeout)
        } catch { throw problem(check, "is not answered: \(SwitchProblem(error))") }
        let answer = String(decoding: bytes, as: UTF8.self)
        let status = answer.prefix { !$0.isNewline }.split(separator: " ").dropFirst().first.flatMap { Int($0) }
        guard let end = answer.firstRange(of: "\r\n\r\n"), let status else {
            throw problem(check, "is not answered in HTTP")
        }
        let body = answer[end.upperBound...]
        guard status == check.status else {
            throw problem(check, "is answered \(status), not \(check.status): \(body.prefix(200))")
        }
        guard let wanted = check.contains, !body.contains(wanted) else { return }
        throw problem(check, "is answered without '\(wanted)': \(body.prefix(200))")
    }

    private func problem(_ check: SmokeCheck, _ verdict: String) -> SwitchProblem {
        SwitchProblem("GET \(check.path) \(verdict)", next: "bedplate logs \(instance(of: check.path))")
    }

    private func instance(of path: String) -> String {
        profile.route(of: path).map { "\(InstanceName($0.process, slot: slot))" } ?? "nginx"
    }

    private func port(of path: String) throws -> Int {
        guard let process = profile.route(of: path)?.process,
            let name = profile.processes.first(where: { $0.name == process })?.port,
            let port = profile.slots[slot]?[name]
        else {
            throw SwitchProblem(
                "no route of the profile leads to \(path)",
                next: "correct 'smoke' in the release, or 'switch.smoke' in the profile")
        }
        return port.number
    }
}
