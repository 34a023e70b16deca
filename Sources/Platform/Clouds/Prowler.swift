package import CoreTypes
import Glibc
package import SystemPackage

/// Prowler as it is installed here, and what every program of it is run with.
package struct Prowler: Sendable {
    /// Of the installer's virtual environment; its interpreter is beside it.
    package let program: FilePath
    /// Where its folders are made; `nil`: with the scan's other files.
    package let output: FilePath?
    /// How to reach the provider from here: what of our own environment it may see.
    private let ways: [String: String]

    package static let variable = "PROWLER_PROGRAM"
    package static let outputVariable = "PROWLER_HOST_OUTPUT_DIR"
    private static let wayNames = ["AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "HTTPS_PROXY", "NO_PROXY"]
    package static let missing =
        "cloud scans need Prowler, which is not installed here: add 'scanners: [prowler]' to the profile and run "
        + "'bedplate install'"

    /// `nil` where the environment names none.
    package init?(environment: [String: String]) throws(OperatorError) {
        guard let program = environment[Self.variable], !program.isEmpty else { return nil }
        for name in [Self.variable, Self.outputVariable] {
            guard let path = environment[name], !path.isEmpty, !FilePath(path).isAbsolute else { continue }
            throw OperatorError(
                doing: "find Prowler", because: "\(name) is '\(path)', which is not an absolute path",
                next: "name it from the root", exit: .usage)
        }
        self.program = FilePath(program)
        output = environment[Self.outputVariable].flatMap { $0.isEmpty ? nil : FilePath($0) }
        ways = environment.filter { Self.wayNames.contains($0.key) && !$0.value.isEmpty }
    }

    /// Looked at each time: it may be installed while we run.
    package var isInstalled: Bool { access(program.string, X_OK) == 0 }

    /// The interpreter that has what Prowler speaks to providers with.
    var interpreter: FilePath { program.removingLastComponent().appending("python") }

    /// All that a program of it learns; `folder` is its home.
    func environment(_ credentials: CloudCredentials, region: String, folder: FilePath) -> [String: String] {
        var environment = ways
        environment["PATH"] = "/usr/bin:/bin"
        environment["LANG"] = "C.UTF-8"
        environment["HOME"] = folder.string
        environment["TMPDIR"] = folder.string
        environment["AWS_ACCESS_KEY_ID"] = credentials.keyID
        environment["AWS_SECRET_ACCESS_KEY"] = credentials.secretKey.reveal()
        environment["AWS_SESSION_TOKEN"] = credentials.sessionToken?.reveal()
        environment["AWS_DEFAULT_REGION"] = region
        // Nobody's but these: no file, and not those of the machine we run on.
        environment["AWS_EC2_METADATA_DISABLED"] = "true"
        environment["AWS_CONFIG_FILE"] = "/dev/null"
        environment["AWS_SHARED_CREDENTIALS_FILE"] = "/dev/null"
        return environment
    }
}
