/// A text that is not the time or size it should be.
package struct InvalidQuantity: Error, Equatable, CustomStringConvertible {
    package let text: String
    package let expected: String

    package init(text: String, expected: String) {
        self.text = text
        self.expected = expected
    }

    package var description: String { "'\(text)' is not understood: expected \(expected)" }
}
