import Glibc
import SystemPackage

/// The terminal of the process: the only place that writes to it.
package struct StandardTerminal: Terminal {
    package init() {}

    package func result(_ text: String) { write(text, to: .standardOutput) }
    package func progress(_ text: String) { write(text, to: .standardError) }
    package func failure(_ text: String) { write(text, to: .standardError) }

    package func confirm(_ question: String) -> Bool? {
        guard isatty(0) == 1, isatty(2) == 1 else { return nil }
        write("\(question) [y/N]", to: .standardError)
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    /// A reader that went away (`bedplate logs | head`) is no error worth a word: the exit code stands.
    private func write(_ text: String, to descriptor: FileDescriptor) {
        do { try descriptor.writeAll((text + "\n").utf8) } catch { return }
    }
}
