import ArgumentParser
import CoreTypes
import Host
import SystemPackage

struct Install: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Make this host run the platform: what is missing is installed, what differs is put right.")
    @OptionGroup var options: GlobalOptions

    @Flag(help: "Only say what would be changed; ends with 2 when that is something.")
    var check = false

    @Flag(help: "Say how the content of files changes, too.")
    var diff = false

    @Flag(help: "Ask nobody.")
    var yes = false

    @Option(help: "The profile to install instead of the one of this host or the shipped one.")
    var profile: String?

    @Option(help: ArgumentHelp("Override a value of the profile; kept for later runs.", valueName: "key=value"))
    var set: [String] = []

    @Option(help: "Take programs, profiles and the console from this checkout and its build.")
    var checkout: String?

    @Option(help: "How long everything may take to become healthy, as in 60s.")
    var timeout = "120s"

    func run() async throws {
        let invocation = try options.invocation
        let limit: TimeSpan
        do { limit = try TimeSpan(timeout) } catch {
            throw OperatorError(doing: Installer.doing, because: "\(error)", exit: .usage)
        }
        let source = checkout.map { TrialSource(programs: invocation.programs, checkout: invocation.absolute($0)) }
        let request = InstallRequest(
            source: source, profile: profile.map(invocation.absolute), settings: set, checksOnly: check,
            showsDifferences: diff, isConfirmed: yes, limit: limit.duration)
        try options.show(try await options.installer.install(request))
    }
}

struct UninstallCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall", abstract: "Put this host back to what it was; data and secrets are kept.")
    @OptionGroup var options: GlobalOptions

    @Flag(help: "Remove data and secrets too.")
    var purge = false

    @Flag(help: "Ask nobody.")
    var yes = false

    func run() async throws {
        try options.show(try await options.installer.uninstall(purging: purge, isConfirmed: yes))
    }
}

extension GlobalOptions {
    fileprivate var installer: Installer {
        get throws {
            let invocation = try invocation
            let layout = try layout
            return Installer(
                host: invocation.host, layout: layout, terminal: invocation.terminal,
                client: invocation.supervisor(layout.control), isJSON: json)
        }
    }
}
