import Control
import Testing

@testable import Supervision

@Suite("Text of JSON lines")
struct JSONTextTests {
    static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        var target = [UInt8](repeating: 0, count: bytes.count * JSONText.growth + 8)
        let count = bytes.withUnsafeBytes { source in
            target.withUnsafeMutableBytes { JSONText.write(source, to: $0.baseAddress!) }
        }
        return Array(target[..<count])
    }

    /// Byte by byte, with the standard library's own judgement of what is UTF-8.
    private func expected(_ bytes: [UInt8]) -> String {
        var text = ""
        var index = 0
        while index < bytes.count {
            let length = (1...4).first { length in
                index + length <= bytes.count
                    && String(validating: bytes[index..<index + length], as: UTF8.self)?.unicodeScalars.count == 1
            }
            if let length {
                text += String(decoding: bytes[index..<index + length], as: UTF8.self)
                index += length
            } else {
                text.unicodeScalars.append("\u{FFFD}")
                index += 1
            }
        }
        return text
    }

    @Test("any bytes become a string that a JSON reader reads back, what is no UTF-8 as U+FFFD", arguments: 1...4)
    func anyBytes(seed: UInt64) throws {
        var random = Randomness(seed: seed)
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let interesting: [UInt8] = [
            0x22, 0x5C, 0x0A, 0x00, 0x1F, 0x7F, 0xC3, 0xA4, 0xE2, 0x82, 0xAC, 0xF0, 0x9D, 0x84, 0x9E, 0xED, 0xA0, 0xC0,
            0xFF,
        ]
        for _ in 0..<2000 {
            let bytes = (0..<below(40)).map { _ in
                below(2) == 0
                    ? interesting[below(interesting.count)] : UInt8(below(256))
            }
            let quoted = [UInt8(ascii: "\"")] + Self.escaped(bytes) + [UInt8(ascii: "\"")]
            let text = try #require(try JSON(parsing: quoted).stringValue)
            // Scalars: what looks the same need not be the same.
            #expect(Array(text.unicodeScalars) == Array(expected(bytes).unicodeScalars), "\(bytes)")
        }
    }

    @Test("plain text is copied as it is, at every length and place")
    func plain() {
        for count in 0..<40 {
            let bytes = (0..<count).map { UInt8(ascii: "a") + UInt8($0 % 26) }
            #expect(Self.escaped(bytes) == bytes)
            #expect(Self.escaped(bytes + [0x0A] + bytes) == bytes + Array("\\n".utf8) + bytes)
        }
    }
}
