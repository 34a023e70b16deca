/// A set of bytes, written like the inside of a regular expression's brackets: `A-Za-z0-9_-`.
struct ByteSet: Sendable, Equatable {
    private var low: SIMD2<UInt64> = .zero
    private var high: SIMD2<UInt64> = .zero

    /// A `-` between two bytes is a range, elsewhere itself; there are no escapes.
    init(_ text: String) {
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if index + 2 < bytes.count, bytes[index + 1] == UInt8(ascii: "-"), bytes[index] <= bytes[index + 2] {
                for byte in bytes[index]...bytes[index + 2] { insert(byte) }
                index += 3
            } else {
                insert(bytes[index])
                index += 1
            }
        }
    }

    private mutating func insert(_ byte: UInt8) {
        let bit = UInt64(1) << UInt64(byte & 63)
        if byte < 128 { low[Int(byte >> 6)] |= bit } else { high[Int(byte >> 6) - 2] |= bit }
    }

    func contains(_ byte: UInt8) -> Bool {
        let word = byte < 128 ? low[Int(byte >> 6)] : high[Int(byte >> 6) - 2]
        return word >> UInt64(byte & 63) & 1 == 1
    }

    static let alphanumeric = ByteSet("A-Za-z0-9")
    static let word = ByteSet("A-Za-z0-9_")
    /// What a name may consist of, dots and dashes of configuration keys included.
    static let identifier = ByteSet("A-Za-z0-9_.-")
    static let blank = ByteSet(" \t")
    static let upper = ByteSet("A-Z")
    static let lower = ByteSet("a-z")
    static let digit = ByteSet("0-9")
    /// What names, paths and words are made of; a value of nothing else was not drawn at random.
    static let wordy = ByteSet("A-Za-z_./: -")
    static let base64 = ByteSet("A-Za-z0-9+/")
}
