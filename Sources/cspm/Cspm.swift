import ArgumentParser
import CoreTypes

/// The bundled security platform: four programs that share one data folder.
@main
struct Cspm: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cspm", abstract: "The bundled security platform.",
        discussion: """
            The data folder is CSPM_DATA, the slot CSPM_SLOT; secrets are files in CREDENTIALS_DIRECTORY.
            """,
        version: bedplateVersion,
        subcommands: [APICommand.self, WorkerCommand.self, EngineCommand.self, WebCommand.self])
}
