package import Host
package import SystemPackage

/// Prowler in a virtual environment of its own: its many requirements are nobody else's.
package struct ProwlerStep: Step {
    package let title = "scanner prowler"
    private let version: String
    private let wheel: FilePath
    private let sha256: String
    private let python: FilePath
    private let environment: FilePath
    private let index: String

    /// `wheel`: Prowler itself, known by its digest. `index`: where pip finds what that one requires, at the versions it
    /// names.
    package init(
        version: String, wheel: FilePath, sha256: String, python: FilePath, environment: FilePath, index: String
    ) {
        self.version = version
        self.wheel = wheel
        self.sha256 = sha256
        self.python = python
        self.environment = environment
        self.index = index
    }

    package func check(_ host: any Host) async throws -> Bool {
        try host.files.readIfPresent(PythonStep.stamp(in: environment), limit: 4096) == Array(sha256.utf8)
            && host.files.status(environment.appending("bin/prowler")) != nil
    }

    package func plan(_ facts: Bool) -> [Change] {
        facts ? [] : [Change(environment.string, "install prowler \(version) into \(environment)")]
    }

    package func apply(_ change: Change, to host: any Host) async throws {
        try await host.files.filling([environment]) {
            let make = Command(python, "-m", "venv", environment.string).leaving([
                .file(environment.appending("bin/python").string)
            ])
            try await host.processes.demand(
                make, doing: "make the virtual environment \(environment)", timeout: .seconds(300))
            // Compiled here, or each start compiles it again: those who run it cannot write here.
            let install = Command(
                environment.appending("bin/python"), "-m", "pip", "install", "--quiet", "--no-input", "--compile",
                "--disable-pip-version-check", "--index-url", index, wheel.string
            ).leaving([.file(environment.appending("bin/prowler").string)])
            try await host.processes.demand(install, doing: "install prowler", timeout: .seconds(3600))
            try host.files.replace(
                PythonStep.stamp(in: environment), with: Array(sha256.utf8),
                mode: [.ownerReadWrite, .groupRead, .otherRead], owner: nil)
        }
        try host.files.remove(wheel)
    }
}
