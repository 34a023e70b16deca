/// A signal, by the name operators write: `TERM`, `KILL`, `USR1`.
package struct SignalNumber: Hashable, Sendable, CustomStringConvertible {
    package let number: Int32

    package init(number: Int32) { self.number = number }

    /// Reads a name, with or without `SIG`.
    package init?(_ name: String) {
        let short = name.hasPrefix("SIG") ? String(name.dropFirst(3)) : name
        guard let number = Self.names.firstIndex(of: short), number > 0 else { return nil }
        self.number = Int32(number)
    }

    package var description: String {
        Self.names.indices.contains(Int(number)) ? Self.names[Int(number)] : "signal \(number)"
    }

    package static let kill = SignalNumber(number: 9)
    package static let terminate = SignalNumber(number: 15)

    /// By number, as on every Linux but MIPS, Alpha and SPARC (signal(7)).
    private static let names = [
        "0", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ]
}
