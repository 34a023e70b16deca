import CoreTypes
import Host
import SystemPackage

/// Runs what a release brings with it: as the application's user, with an environment of its own and without secrets.
struct BuildCommands {
    /// `nil`: as whoever runs us, as in a trial.
    let account: Account?
    let layout: Layout
    let host: any Host

    var owner: Owner? { account.map { Owner(user: $0.user, group: $0.group) } }

    /// A folder that these commands may write.
    func makeFolder(_ path: FilePath) throws {
        try host.files.createDirectory(path, mode: FilePermissions(rawValue: 0o755), owner: owner)
    }

    /// `command`: a program, by path or by name, and its arguments. They run in `folder`.
    func run(
        _ command: [String], in folder: FilePath, environment: [String: String] = [:], timeout: Duration
    ) async throws -> CommandResult {
        let home = layout.buildCache
        try host.files.createDirectory(home, mode: FilePermissions(rawValue: 0o755), owner: nil)
        var variables = ["HOME": home.string, "TMPDIR": "/tmp"].merging(environment) { _, own in own }
        // What is fetched is kept for the next build, by whoever fetched it.
        for (variable, name) in [("PIP_CACHE_DIR", "pip"), ("npm_config_cache", "npm")] {
            try makeFolder(home.appending(name))
            variables[variable] = home.appending(name).string
        }
        var arguments = ["--no-new-privs"]
        if let account {
            arguments += ["--reuid", "\(account.user)", "--regid", "\(account.group)", "--clear-groups"]
        }
        // Everybody must be able to read what is built, whatever the operator's own umask is.
        arguments += ["--", "/bin/sh", "-c", #"umask 022 && cd -- "$0" && exec "$@""#, folder.string] + command
        return try await host.processes.run(
            Command("/usr/bin/setpriv", arguments: arguments, environment: variables), timeout: timeout)
    }

    /// The same, and anything but success is a problem.
    func demand(
        _ command: [String], in folder: FilePath, environment: [String: String] = [:], timeout: Duration
    ) async throws {
        let result = try await run(command, in: folder, environment: environment, timeout: timeout)
        guard result.status != .exited(0) else { return }
        let said = result.lastLines(15).split(separator: "\n").map { "\n    | \($0)" }.joined()
        throw DeployProblem("'\(command.joined(separator: " "))' \(result.status.sentence)\(said)")
    }

    /// Gives what was built to the supervisor's own user, so that a running application cannot change its code.
    func seal(_ path: FilePath) async throws {
        guard account != nil else { return }
        try await chown(path, to: "root:root")
    }

    /// Gives a folder that we have filled to these commands.
    func handOver(_ path: FilePath) async throws {
        guard let account else { return }
        try await chown(path, to: "\(account.user):\(account.group)")
    }

    private func chown(_ path: FilePath, to owner: String) async throws {
        let command = Command("/usr/bin/chown", "--recursive", "--no-dereference", owner, path.string).leaving([])
        let result = try await host.processes.run(command, timeout: .seconds(300))
        guard result.status == .exited(0) else { throw DeployProblem("\(command) failed: \(result.lastLines(3))") }
    }
}

extension CommandResult.Status {
    var sentence: String {
        switch self {
        case .exited(let code): "ended with \(code)"
        case .signalled(let signal): "was killed by signal \(signal)"
        case .timedOut: "was stopped, as its time was up"
        }
    }
}
