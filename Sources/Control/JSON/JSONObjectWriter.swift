/// Writes one object straight to bytes, for what is written so often that a tree of values would cost too much.
///
/// Members come in the order of their keys, so that the bytes are those of the same object as a `JSON` value.
package struct JSONObjectWriter {
    package private(set) var bytes: [UInt8]
    private var isEmpty = true

    package init(appendingTo bytes: consuming [UInt8] = []) {
        self.bytes = bytes
        self.bytes.append(UInt8(ascii: "{"))
    }

    private mutating func key(_ key: String) {
        if !isEmpty { bytes.append(UInt8(ascii: ",")) }
        isEmpty = false
        JSON.write(key, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    /// A member that is `nil` is left out.
    package mutating func member(_ key: String, _ text: String?) {
        guard let text else { return }
        self.key(key)
        JSON.write(text, to: &bytes)
    }

    package mutating func member(_ key: String, _ number: (some BinaryInteger)?) {
        guard let number else { return }
        self.key(key)
        bytes.append(contentsOf: String(number).utf8)
    }

    package mutating func member(_ key: String, _ flag: Bool) {
        self.key(key)
        bytes.append(contentsOf: (flag ? "true" : "false").utf8)
    }

    /// An object as a member.
    package mutating func member(_ key: String, _ content: (inout JSONObjectWriter) -> Void) {
        self.key(key)
        var inner = JSONObjectWriter(appendingTo: bytes)
        bytes = []
        content(&inner)
        bytes = inner.finished()
    }

    package consuming func finished() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}
