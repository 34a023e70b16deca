/// The names of the files in which apt keeps what it has read of a repository.
enum AptLists {
    /// What each of them begins with: the address without its scheme and account, with `_` for `/`, and what apt does not want
    /// in a name as its number (apt-pkg/strutl.cc, URItoFileName).
    static func prefix(of address: String) -> String {
        var rest = address[...]
        if let colon = rest.firstIndex(of: ":") { rest = rest[rest.index(after: colon)...] }
        if rest.hasPrefix("//") {
            rest = rest.dropFirst(2)
            let host = rest.prefix { $0 != "/" }
            if let account = host.lastIndex(of: "@") { rest = rest[rest.index(after: account)...] }
        }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        let name = rest.utf8.map { byte -> String in
            if byte == UInt8(ascii: "/") { return "_" }
            let isQuoted = byte <= 0x20 || byte >= 0x7f || "\\|{}[]<>\"^~_=!@#$%^&*".utf8.contains(byte)
            let digits = String(byte, radix: 16)
            return isQuoted ? "%" + (digits.count < 2 ? "0" : "") + digits : String(UnicodeScalar(byte))
        }
        return name.joined() + "_"
    }

    /// The addresses that a deb822 file of sources names.
    static func addresses(in sources: String) -> [String] {
        sources.split(separator: "\n").filter { $0.lowercased().hasPrefix("uris:") }
            .flatMap { $0.dropFirst("uris:".count).split(separator: " ").map(String.init) }
    }
}
