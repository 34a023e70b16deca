import ArgumentParser
import CoreTypes

/// The command a person types.
///
/// Each command below says its name itself: the parser would make one of its type's, for all of them at each start, and looks through
/// all that the program knows of conformances for it.
struct Bedplate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bedplate",
        abstract: "Runs a security platform on a bare host: supervised, in two slots, behind one front door.",
        discussion: """
            Exit codes: 0 done, 1 it failed, 2 changes pending, 64 you asked wrongly, 75 try again.
            """,
        version: bedplateVersion,
        subcommands: [
            Install.self, Upgrade.self, UninstallCommand.self,
            Status.self, Deploy.self, Switch.self, Rollback.self, Keeper.self, Start.self, Stop.self, Restart.self,
            Logs.self,
            Events.self, Metrics.self, ProfileCommands.self,
            SecretCommands.self, TrialCommands.self,
        ])
}
