/// The way to a value of a profile: `processes.api.restart.initial`, `routes.0.path`.
package struct ProfilePath: Hashable, Sendable, CustomStringConvertible {
    package var parts: [String]

    package init(_ parts: [String] = []) { self.parts = parts }

    /// Reads the dotted form; a part itself never holds a dot.
    package init(_ text: String) {
        parts = text.isEmpty ? [] : text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }

    package var description: String { parts.joined(separator: ".") }

    var parent: ProfilePath { ProfilePath(Array(parts.dropLast())) }

    /// Whether one of the two lies on the way to the other.
    func isRelated(to other: ProfilePath) -> Bool {
        zip(parts, other.parts).allSatisfy { $0 == $1 }
    }

    static func + (path: ProfilePath, part: String) -> ProfilePath { ProfilePath(path.parts + [part]) }
    static func + (path: ProfilePath, index: Int) -> ProfilePath { path + String(index) }
}
