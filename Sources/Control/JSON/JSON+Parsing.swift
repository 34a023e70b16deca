extension JSON {
    /// Reads one value and nothing after it.
    package init(parsing bytes: some Collection<UInt8>) throws(JSONSyntaxError) {
        let parsed: Result<JSON, JSONSyntaxError>? = bytes.withContiguousStorageIfAvailable { storage in
            var parser = Parser(bytes: UnsafeRawBufferPointer(storage))
            do throws(JSONSyntaxError) { return .success(try parser.document()) } catch { return .failure(error) }
        }
        self = try (parsed ?? Self.parse(copyOf: bytes)).get()
    }

    package init(parsing text: String) throws(JSONSyntaxError) { try self.init(parsing: Array(text.utf8)) }

    private static func parse(copyOf bytes: some Collection<UInt8>) -> Result<JSON, JSONSyntaxError> {
        Array(bytes).withUnsafeBytes { storage in
            var parser = Parser(bytes: storage)
            do throws(JSONSyntaxError) { return .success(try parser.document()) } catch { return .failure(error) }
        }
    }

    /// Recursive descent over raw bytes (RFC 8259), with a limit on depth because strangers write what it reads.
    private struct Parser {
        static let maximumDepth = 64
        let bytes: UnsafeRawBufferPointer
        var at = 0

        func failure(_ problem: String) -> JSONSyntaxError { JSONSyntaxError(problem: problem, offset: at) }

        mutating func document() throws(JSONSyntaxError) -> JSON {
            let value = try self.value(depth: 0)
            skipSpace()
            guard at == bytes.count else { throw failure("something after the value") }
            return value
        }

        mutating func skipSpace() {
            while at < bytes.count, bytes[at] == 0x20 || bytes[at] == 0x0A || bytes[at] == 0x0D || bytes[at] == 0x09 {
                at += 1
            }
        }

        mutating func value(depth: Int) throws(JSONSyntaxError) -> JSON {
            guard depth < Self.maximumDepth else { throw failure("nested too deeply") }
            skipSpace()
            guard at < bytes.count else { throw failure("it ends too early") }
            switch bytes[at] {
            case UInt8(ascii: "{"): return try object(depth: depth)
            case UInt8(ascii: "["): return try array(depth: depth)
            case UInt8(ascii: "\""): return .string(try string())
            case UInt8(ascii: "t"): return try word("true", .bool(true))
            case UInt8(ascii: "f"): return try word("false", .bool(false))
            case UInt8(ascii: "n"): return try word("null", .null)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
            default: throw failure("no value starts like this")
            }
        }

        mutating func word(_ text: StaticString, _ value: JSON) throws(JSONSyntaxError) -> JSON {
            for index in 0..<text.utf8CodeUnitCount {
                guard at < bytes.count, bytes[at] == text.utf8Start[index] else { throw failure("an unknown word") }
                at += 1
            }
            return value
        }

        mutating func take(_ byte: UInt8) -> Bool {
            skipSpace()
            guard at < bytes.count, bytes[at] == byte else { return false }
            at += 1
            return true
        }

        mutating func array(depth: Int) throws(JSONSyntaxError) -> JSON {
            at += 1
            var elements: [JSON] = []
            if take(UInt8(ascii: "]")) { return .array(elements) }
            while true {
                elements.append(try value(depth: depth + 1))
                if take(UInt8(ascii: "]")) { return .array(elements) }
                guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or ']'") }
            }
        }

        mutating func object(depth: Int) throws(JSONSyntaxError) -> JSON {
            at += 1
            var members: [String: JSON] = [:]
            if take(UInt8(ascii: "}")) { return .object(members) }
            while true {
                skipSpace()
                guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw failure("expected a key") }
                let key = try string()
                guard take(UInt8(ascii: ":")) else { throw failure("expected ':'") }
                guard members.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
                    throw failure("the key '\(key)' twice")
                }
                if take(UInt8(ascii: "}")) { return .object(members) }
                guard take(UInt8(ascii: ",")) else { throw failure("expected ',' or '}'") }
            }
        }

        mutating func number() throws(JSONSyntaxError) -> JSON {
            let start = at
            var isInteger = true
            while at < bytes.count {
                switch bytes[at] {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): break
                case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isInteger = false
                default: return try number(bytes[start..<at], isInteger: isInteger)
                }
                at += 1
            }
            return try number(bytes[start..<at], isInteger: isInteger)
        }

        func number(_ digits: Slice<UnsafeRawBufferPointer>, isInteger: Bool) throws(JSONSyntaxError) -> JSON {
            let text = String(decoding: digits, as: UTF8.self)
            if isInteger, let integer = Int64(text) { return .integer(integer) }
            guard let double = Double(text), double.isFinite else { throw failure("no number") }
            return .number(double)
        }

        mutating func string() throws(JSONSyntaxError) -> String {
            at += 1
            let start = at
            while at < bytes.count, bytes[at] != UInt8(ascii: "\""), bytes[at] != UInt8(ascii: "\\"), bytes[at] >= 0x20
            {
                at += 1
            }
            guard at < bytes.count else { throw failure("a string without end") }
            if bytes[at] == UInt8(ascii: "\"") {
                defer { at += 1 }
                return String(decoding: bytes[start..<at], as: UTF8.self)
            }
            var text = Array(bytes[start..<at])
            while true {
                guard at < bytes.count else { throw failure("a string without end") }
                switch bytes[at] {
                case UInt8(ascii: "\""):
                    at += 1
                    return String(decoding: text, as: UTF8.self)
                case UInt8(ascii: "\\"):
                    at += 1
                    try escape(into: &text)
                case 0x00..<0x20: throw failure("a control character in a string")
                default:
                    text.append(bytes[at])
                    at += 1
                }
            }
        }

        mutating func escape(into text: inout [UInt8]) throws(JSONSyntaxError) {
            guard at < bytes.count else { throw failure("a string without end") }
            let letter = bytes[at]
            at += 1
            switch letter {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(letter)
            case UInt8(ascii: "b"): text.append(0x08)
            case UInt8(ascii: "f"): text.append(0x0C)
            case UInt8(ascii: "n"): text.append(0x0A)
            case UInt8(ascii: "r"): text.append(0x0D)
            case UInt8(ascii: "t"): text.append(0x09)
            case UInt8(ascii: "u"):
                var code = try hexadecimal()
                if (0xD800..<0xDC00).contains(code), at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
                    bytes[at + 1] == UInt8(ascii: "u")
                {
                    at += 2
                    let low = try hexadecimal()
                    guard (0xDC00..<0xE000).contains(low) else { throw failure("half a character") }
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                }
                guard let scalar = Unicode.Scalar(code) else { throw failure("half a character") }
                text.append(contentsOf: Array(String(Character(scalar)).utf8))
            default: throw failure("an unknown escape")
            }
        }

        mutating func hexadecimal() throws(JSONSyntaxError) -> UInt32 {
            guard at + 4 <= bytes.count else { throw failure("a string without end") }
            var code: UInt32 = 0
            for _ in 0..<4 {
                guard let digit = Character(Unicode.Scalar(bytes[at])).hexDigitValue else {
                    throw failure("four hexadecimal digits expected")
                }
                code = code << 4 | UInt32(digit)
                at += 1
            }
            return code
        }
    }
}
