/// A value nobody may see by accident.
///
/// It has no `Codable`, and every rendering Swift knows (interpolation, reflection, `dump`) shows its name and
/// never its value. `reveal()` is the only way to the value, so that a search for it finds every use.
package struct Secret: Sendable {
    package let name: String
    private let value: String

    package init(_ value: String, named name: String) {
        self.value = value
        self.name = name
    }

    /// The value itself. Never log it, never put it in an argument vector.
    package func reveal() -> String { value }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "<secret \(name)>" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: ["name": name]) }
}
