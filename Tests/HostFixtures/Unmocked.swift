/// An effect that the test did not say how to answer.
package struct Unmocked: Error, CustomStringConvertible {
    package let effect: String
    /// Completes "say": the line to add to the test.
    package let remedy: String

    package var description: String { "the test never mocked \(effect); say \(remedy)" }
}
