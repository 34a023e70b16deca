/// Where a value of a profile comes from.
package enum Origin: Hashable, Sendable, CustomStringConvertible {
    /// Lines and columns count from 1.
    case file(name: String, line: Int, column: Int)
    /// The text after `--set`.
    case setting(String)
    /// Nobody said anything: the key table's default.
    case byDefault

    package var description: String {
        switch self {
        case .file(let name, let line, _): "\(name):\(line)"
        case .setting(let text): "--set \(text)"
        case .byDefault: "default"
        }
    }
}
