import ArgumentParser
import Testing

@testable import CLI

@Suite struct CommandNameTests {
    private func nameless(_ command: any ParsableCommand.Type) -> [String] {
        let configuration = command.configuration
        return (configuration.commandName == nil ? ["\(command)"] : []) + configuration.subcommands.flatMap(nameless)
    }

    @Test("every command says its name, so that no start has to look for one")
    func named() {
        #expect(Bedplate.configuration.subcommands.count > 10)
        #expect(nameless(Bedplate.self) == [])
    }
}
