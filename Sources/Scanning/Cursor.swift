/// Reads what stands between a name and the value it is given, in the languages that have such a thing.
struct Cursor {
    let bytes: Bytes
    private(set) var position: Int

    init(bytes: Bytes, position: Int) {
        self.bytes = bytes
        self.position = position
    }

    private func peek(_ offset: Int = 0) -> UInt8? {
        position + offset < bytes.count ? bytes[position + offset] : nil
    }

    private mutating func pass(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func passBlanks() {
        let limit = position + 40
        while position < limit, let byte = peek(), ByteSet.blank.contains(byte) { position += 1 }
    }

    /// `=`, `:`, `:=`, `=>`, `==`, or the `>` of an element; with a type before it or not.
    mutating func passOperator() -> Bool {
        let isQuoted = passQuote() != nil
        _ = pass("]")
        passBlanks()
        _ = pass("?")
        if pass(":") {
            if pass("=") { return passRest() }
            passBlanks()
            passTypeAnnotation()
            return passRest()
        }
        if pass("=") {
            while pass("=") {}
            _ = pass(">")
            return passRest()
        }
        if !isQuoted, pass(">") { return passRest() }
        return false
    }

    private mutating func passRest() -> Bool {
        passBlanks()
        return true
    }

    /// `: String = `; without the `=` it was the value itself, and the cursor stays.
    private mutating func passTypeAnnotation() {
        var ahead = self
        let limit = position + 40
        while ahead.position < limit, let byte = ahead.peek(), typeName.contains(byte) { ahead.position += 1 }
        guard ahead.position > position else { return }
        ahead.passBlanks()
        if ahead.pass("="), ahead.peek() != UInt8(ascii: "=") {
            ahead.passBlanks()
            self = ahead
        }
    }

    var isAtQuote: Bool { peek().map(quotes.contains) ?? false }

    private mutating func passQuote() -> UInt8? {
        if peek() == UInt8(ascii: "\\"), let next = peek(1), quotes.contains(next) {
            position += 2
            return next
        }
        guard let byte = peek(), quotes.contains(byte) else { return nil }
        position += 1
        return byte
    }

    /// A quote, with the letter before it that some languages put there.
    mutating func passOpeningQuote() -> UInt8? {
        if let byte = peek(), stringPrefix.contains(byte), let next = peek(1), quotes.contains(next) { position += 1 }
        return passQuote()
    }
}

private let quotes = ByteSet("\"'`")
private let stringPrefix = ByteSet("rbufLN@")
private let typeName = ByteSet("A-Za-z0-9_&?<>[]*. ")
