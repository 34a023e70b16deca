import ArgumentParser
import CoreTypes
import Host
import SystemPackage

struct Upgrade: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade", abstract: "Replace Bedplate by the version in a package; what it runs keeps running.",
        discussion: """
            Before anything is changed, the package is looked at: that it is whole, of Bedplate, for this machine and not \
            older, and that there is room for it. The digest in FILE.deb.sha256 is believed when it is there. Afterwards \
            the supervisor has to be the new program as the process that it was, and what it runs the same processes.
            """)
    @OptionGroup var options: GlobalOptions

    @Argument(help: ArgumentHelp("The package.", valueName: "file.deb"))
    var file: String

    @Flag(help: "Only look at the package; ends with 2 when it would be installed.")
    var check = false

    @Flag(help: "Take an older version, too.")
    var downgrade = false

    func run() async throws {
        let invocation = try options.invocation
        let layout = try options.layout
        let upgrader = Upgrader(
            host: invocation.host, layout: layout, terminal: invocation.terminal,
            client: invocation.supervisor(layout.control))
        try options.show(
            try await upgrader.upgrade(to: invocation.absolute(file), checksOnly: check, takesOlder: downgrade))
    }
}
