import Glibc
package import Host
package import SystemPackage

/// Downloads by apt's own helper, which every Debian has: https, http and file addresses, with apt's proxies.
package struct AptDownloads: Downloads {
    private static let helper: FilePath = "/usr/lib/apt/apt-helper"
    private let processes: any ProcessRunner

    package init(processes: any ProcessRunner) { self.processes = processes }

    package func read(_ address: String, limit: Int) async throws -> [UInt8] {
        var template = Array("/tmp/bedplate-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw HostError.failed(call: "mkdtemp", path: "/tmp", errno: Errno(rawValue: errno))
        }
        let folder = FilePath(String(decoding: template.dropLast().map(UInt8.init), as: UTF8.self))
        let outcome: Result<[UInt8], any Error>
        do {
            try await download(address, to: folder.appending("content"), hash: nil) { _ in }
            outcome = .success(try LinuxFiles().read(folder.appending("content"), limit: limit))
        } catch { outcome = .failure(error) }
        try LinuxFiles().removeTree(folder)
        return try outcome.get()
    }

    package func fetch(_ address: String, to path: FilePath, sha256: String) async throws {
        try await fetch(address, to: path, sha256: sha256) { _ in }
    }

    package func fetch(
        _ address: String, to path: FilePath, sha256: String, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws {
        let files = LinuxFiles()
        let name = path.lastComponent?.string ?? ""
        let part = path.removingLastComponent().appending(".\(name).part")
        try files.remove(part)
        do {
            try await download(address, to: part, hash: "SHA256:\(sha256)", hearing: listener)
            // apt answers a file: address with a link.
            try files.copy(part, to: path, mode: FilePermissions(rawValue: 0o644))
        } catch {
            try files.remove(part)
            throw error
        }
        try files.remove(part)
    }

    private func download(
        _ address: String, to path: FilePath, hash: String?, hearing listener: @escaping @Sendable (String) -> Void
    ) async throws {
        let arguments = [
            "-o", "APT::Sandbox::User=root", "-o", "Acquire::Retries=3", "download-file", address, path.string,
        ]
        let command = Command(Self.helper, arguments: arguments + (hash.map { [$0] } ?? []))
        let result = try await processes.run(command, timeout: .seconds(1800), hearing: listener)
        guard result.status == .exited(0) else {
            throw HostError.notFetched(address: address, why: result.complaint)
        }
    }
}
