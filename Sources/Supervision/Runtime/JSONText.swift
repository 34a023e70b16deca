/// The inside of a JSON string (RFC 8259) for bytes that nobody promised to be text.
enum JSONText {
    /// One byte becomes at most so many.
    static let growth = 6

    /// Writes `source` escaped to `target`, which has room for `growth` times as much; the bytes written. What is no
    /// UTF-8 becomes U+FFFD, one for each byte.
    static func write(_ source: UnsafeRawBufferPointer, to target: UnsafeMutableRawPointer) -> Int {
        guard var from = source.baseAddress else { return 0 }
        let end = from + source.count
        var into = target
        while from < end {
            if end - from >= 8 {
                let word = from.loadUnaligned(as: UInt64.self)
                if isPlain(word) {
                    into.storeBytes(of: word, as: UInt64.self)
                    from += 8
                    into += 8
                    continue
                }
            }
            let byte = from.load(as: UInt8.self)
            if byte >= 0x80 {
                let length = sequenceLength(from, end)
                if length > 0 {
                    into.copyMemory(from: from, byteCount: length)
                    from += length
                    into += length
                    continue
                }
                put(0xEF, &into)
                put(0xBF, &into)
                put(0xBD, &into)
            } else if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                escape(byte, &into)
            } else {
                put(byte, &into)
            }
            from += 1
        }
        return into - target
    }

    /// Whether none of eight bytes is a control character, a quote, a backslash, or beyond ASCII ("Bit Twiddling
    /// Hacks", determining if a word has a byte less than n, or equal to n).
    private static func isPlain(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let tops: UInt64 = 0x8080_8080_8080_8080
        let quotes = word ^ (ones &* 0x22)
        let slashes = word ^ (ones &* 0x5C)
        let controls = (word &- (ones &* 0x20)) & ~word
        return (word | controls | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)) & tops == 0
    }

    private static func put(_ byte: UInt8, _ into: inout UnsafeMutableRawPointer) {
        into.storeBytes(of: byte, as: UInt8.self)
        into += 1
    }

    private static func escape(_ byte: UInt8, _ into: inout UnsafeMutableRawPointer) {
        put(UInt8(ascii: "\\"), &into)
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): put(byte, &into)
        case 0x08: put(UInt8(ascii: "b"), &into)
        case 0x09: put(UInt8(ascii: "t"), &into)
        case 0x0A: put(UInt8(ascii: "n"), &into)
        case 0x0C: put(UInt8(ascii: "f"), &into)
        case 0x0D: put(UInt8(ascii: "r"), &into)
        default:
            for digit in [UInt8(ascii: "u"), 0x30, 0x30, 0x30 + (byte >> 4)] { put(digit, &into) }
            let low = byte & 0x0F
            put(low < 10 ? 0x30 + low : 0x57 + low, &into)
        }
    }

    /// The length of the well-formed sequence of two to four bytes at `from` (the Unicode standard, table 3-7); 0 when
    /// there is none.
    private static func sequenceLength(_ from: UnsafeRawPointer, _ end: UnsafeRawPointer) -> Int {
        let first = from.load(as: UInt8.self)
        var second: ClosedRange<UInt8> = 0x80...0xBF
        let length: Int
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0:
            length = 3
            second = 0xA0...0xBF
        case 0xED:
            length = 3
            second = 0x80...0x9F
        case 0xE1...0xEF: length = 3
        case 0xF0:
            length = 4
            second = 0x90...0xBF
        case 0xF1...0xF3: length = 4
        case 0xF4:
            length = 4
            second = 0x80...0x8F
        default: return 0
        }
        guard end - from >= length, second.contains((from + 1).load(as: UInt8.self)) else { return 0 }
        for index in 2..<max(length, 2) where (from + index).load(as: UInt8.self) & 0xC0 != 0x80 { return 0 }
        return length
    }

    /// How many bytes at the end begin a character that does not end there: 0 to 3.
    static func unfinished(_ bytes: [UInt8]) -> Int {
        for count in 1...3 where bytes.count >= count {
            let byte = bytes[bytes.count - count]
            if byte & 0xC0 == 0x80 { continue }
            let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return length > count ? count : 0
        }
        return 0
    }
}
