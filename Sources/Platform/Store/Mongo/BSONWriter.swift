extension BSONDocument {
    /// The document as bytes (bsonspec.org, version 1.1).
    func encoded() -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        Self.write(fields.lazy.map { ($0.name, $0.value) }, to: &bytes)
        return bytes
    }

    private static func write(_ fields: some Sequence<(String, BSON)>, to bytes: inout [UInt8]) {
        let start = bytes.count
        append(Int32(0), to: &bytes)
        for (name, value) in fields {
            bytes.append(value.typeCode)
            // A name ends at its NUL; no name of ours has one, and values never become names.
            bytes.append(contentsOf: name.utf8)
            bytes.append(0)
            write(value, to: &bytes)
        }
        bytes.append(0)
        let length = Int32(bytes.count - start)
        for offset in 0..<4 { bytes[start + offset] = UInt8(truncatingIfNeeded: length >> (8 * Int32(offset))) }
    }

    private static func write(_ value: BSON, to bytes: inout [UInt8]) {
        switch value {
        case .int(let value): append(value, to: &bytes)
        case .double(let value): append(value.bitPattern, to: &bytes)
        case .text(let text):
            append(Int32(text.utf8.count + 1), to: &bytes)
            bytes.append(contentsOf: text.utf8)
            bytes.append(0)
        case .flag(let value): bytes.append(value ? 1 : 0)
        case .date(let moment): append(moment.milliseconds, to: &bytes)
        case .document(let document): write(document.fields.lazy.map { ($0.name, $0.value) }, to: &bytes)
        case .array(let values): write(values.enumerated().lazy.map { ("\($0.offset)", $0.element) }, to: &bytes)
        case .null: break
        }
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }
}

extension BSON {
    fileprivate var typeCode: UInt8 {
        switch self {
        case .double: 0x01
        case .text: 0x02
        case .document: 0x03
        case .array: 0x04
        case .flag: 0x08
        case .date: 0x09
        case .null: 0x0A
        case .int: 0x12
        }
    }
}
