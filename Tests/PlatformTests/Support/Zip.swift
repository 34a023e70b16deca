/// A ZIP of stored entries, made by hand so that its names may be anything.
enum Zip {
    static func archive(_ entries: [(name: String, content: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let offset = bytes.count
            let name = Array(entry.name.utf8)
            let common =
                little(20, 2) + little(0x800, 2) + little(0, 2) + little(0, 4) + little(Int(crc(entry.content)), 4)
                + little(entry.content.count, 4) + little(entry.content.count, 4) + little(name.count, 2) + little(0, 2)
            bytes += little(0x0403_4b50, 4) + common + name + entry.content
            directory +=
                little(0x0201_4b50, 4) + little(20, 2) + common + little(0, 6) + little(0, 4) + little(offset, 4) + name
        }
        return bytes + directory + little(0x0605_4b50, 4) + little(0, 4) + little(entries.count, 2)
            + little(entries.count, 2) + little(directory.count, 4) + little(bytes.count, 4) + little(0, 2)
    }

    private static func little(_ value: Int, _ count: Int) -> [UInt8] {
        (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value >> 1 ^ (value & 1 == 1 ? 0xEDB8_8320 : 0) }
    }

    private static func crc(_ bytes: [UInt8]) -> UInt32 {
        let table = table
        var crc: UInt32 = ~0
        for byte in bytes { crc = crc >> 8 ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)] }
        return ~crc
    }
}
