extension BSONDocument {
    /// Reads a document; types that the store never writes are passed over, `nil` is for what is no BSON.
    init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = BSONReader(bytes: bytes)
        guard let document = reader.document() else { return nil }
        self = document
    }
}

/// Reads on from a position, and never beyond the end.
private struct BSONReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    mutating func document() -> BSONDocument? {
        var fields: [(name: String, value: BSON)] = []
        guard elements({ fields.append((name: $0, value: $1)) }) else { return nil }
        return BSONDocument(fields)
    }

    private mutating func elements(_ each: (String, BSON) -> Void) -> Bool {
        let start = position
        guard let length: Int32 = integer(), length >= 5, start + Int(length) <= bytes.count else { return false }
        let end = start + Int(length) - 1
        while position < end {
            guard let code: UInt8 = integer(), let name = name() else { return false }
            guard let known = value(code) else { return false }
            if let value = known { each(name, value) }
        }
        guard position == end else { return false }
        position += 1
        return true
    }

    /// The inner `nil`: a type we do not keep. The outer: no BSON.
    private mutating func value(_ code: UInt8) -> BSON?? {
        switch code {
        case 0x01: return (integer() as UInt64?).map { .some(.double(Double(bitPattern: $0))) }
        case 0x02: return text().map { .some(.text($0)) }
        case 0x03: return document().map { .some(.document($0)) }
        case 0x04:
            var values: [BSON] = []
            return elements { values.append($1) } ? .some(.array(values)) : nil
        case 0x08: return (integer() as UInt8?).map { .some(.flag($0 != 0)) }
        case 0x09: return (integer() as Int64?).map { .some(.date(Timestamp(milliseconds: $0))) }
        case 0x0A: return .some(.some(.null))
        case 0x10: return (integer() as Int32?).map { .some(.int(Int64($0))) }
        case 0x12: return (integer() as Int64?).map { .some(.int($0)) }
        case 0x05: return (integer() as Int32?).flatMap { skip(Int($0) + 1) }
        case 0x06, 0x7F, 0xFF: return .some(nil)
        case 0x07: return skip(12)
        case 0x0B: return name() != nil && name() != nil ? .some(nil) : nil
        case 0x11: return skip(8)
        case 0x13: return skip(16)
        default: return nil
        }
    }

    private mutating func skip(_ count: Int) -> BSON?? {
        guard count >= 0, position + count <= bytes.count else { return nil }
        position += count
        return .some(nil)
    }

    private mutating func text() -> String? {
        guard let length: Int32 = integer(), length >= 1, position + Int(length) <= bytes.count else { return nil }
        defer { position += Int(length) }
        return String(decoding: bytes[position..<(position + Int(length) - 1)], as: UTF8.self)
    }

    private mutating func name() -> String? {
        guard let end = bytes[position...].firstIndex(of: 0) else { return nil }
        defer { position = end + 1 }
        return String(decoding: bytes[position..<end], as: UTF8.self)
    }

    private mutating func integer<Value: FixedWidthInteger>() -> Value? {
        let size = MemoryLayout<Value>.size
        guard position + size <= bytes.count else { return nil }
        defer { position += size }
        return Value(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Value.self))
    }
}
