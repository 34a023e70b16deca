/// A ZIP written byte by byte, so that it can lie wherever a real one could.
struct HostileZIP {
    struct Entry {
        var name: [UInt8]
        var data: [UInt8] = []
        /// What the headers say the data's length is; `nil`: the truth.
        var claimedSize: UInt32?
        var checksum: UInt32?
        var flags: UInt16 = 0x0800  // names are UTF-8
        var madeBy: UInt16 = 0x0314  // Unix
        var mode: UInt32 = 0o100644
        /// Where the directory says it is, for an entry that is nowhere of its own; `nil`: where it is written.
        var offset: UInt32?

        init(_ name: String, _ data: String = "") {
            self.name = Array(name.utf8)
            self.data = Array(data.utf8)
        }

        init(bytes: [UInt8]) { name = bytes }

        func with(_ change: (inout Entry) -> Void) -> Entry {
            var copy = self
            change(&copy)
            return copy
        }
    }

    var entries: [Entry]

    func bytes() -> [UInt8] {
        var out: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let start = entry.offset ?? UInt32(out.count)
            if entry.offset == nil { out += entry.localHeader + entry.data }
            directory.put32(0x0201_4B50)
            directory.put16(entry.madeBy)
            directory += entry.commonHeader
            directory.put16(0)
            directory.put16(0)
            directory.put16(0)
            directory.put32(entry.mode << 16)
            directory.put32(start)
            directory += entry.name
        }
        let start = UInt32(out.count)
        out += directory
        out.put32(0x0605_4B50)
        out.put32(0)
        out.put16(UInt16(truncatingIfNeeded: entries.count))
        out.put16(UInt16(truncatingIfNeeded: entries.count))
        out.put32(UInt32(directory.count))
        out.put32(start)
        out.put16(0)
        return out
    }
}

extension HostileZIP.Entry {
    var localHeader: [UInt8] {
        var out: [UInt8] = []
        out.put32(0x0403_4B50)
        return out + commonHeader + name
    }

    /// What local and central headers have in common.
    fileprivate var commonHeader: [UInt8] {
        let size = claimedSize ?? UInt32(data.count)
        var out: [UInt8] = []
        out.put16(20)
        out.put16(flags)
        out.put16(0)  // stored
        out.put32(0x5A21_0000)  // a time in 2025
        out.put32(checksum ?? crc32(data))
        out.put32(size)
        out.put32(size)
        out.put16(UInt16(name.count))
        out.put16(0)
        return out
    }
}

extension [UInt8] {
    fileprivate mutating func put16(_ value: UInt16) { append(contentsOf: [UInt8(value & 0xFF), UInt8(value >> 8)]) }

    fileprivate mutating func put32(_ value: UInt32) {
        put16(UInt16(value & 0xFFFF))
        put16(UInt16(value >> 16))
    }
}

private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
        sum ^= UInt32(byte)
        for _ in 0..<8 {
            let carry = sum & 1
            sum >>= 1
            if carry == 1 { sum ^= 0xEDB8_8320 }
        }
    }
    return ~sum
}
