/// The bytes of one profile file and the name to call it by in a problem.
package struct ProfileSource: Sendable, Equatable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }

    package init(name: String, text: String) {
        self.init(name: name, bytes: Array(text.utf8))
    }

    /// The largest file that is read at all; a profile of a hundred processes has a tenth of it.
    package static let limit = 256 * 1024
}
