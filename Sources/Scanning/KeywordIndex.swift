/// Finds the few places of a file where a rule is worth trying, in one pass that looks at every byte once.
///
/// Every keyword's first four bytes, case folded, are hashed into 16 bits. The pass hashes the four bytes at each
/// position the same way and asks a bitmap of 8 KiB, which stays in the first-level cache; nothing in it depends on
/// the position before, so the processor works on several positions at once.
struct KeywordIndex: Sendable {
    static let window = 4

    struct Entry: Sendable {
        let keyword: [UInt8]
        let rule: Int
        let ignoresCase: Bool
    }

    private var bitmap = [UInt64](repeating: 0, count: 1 << 10)
    /// The bucket of each hash, with 0 for none.
    private var bucketOf = [UInt16](repeating: 0, count: 1 << 16)
    private var buckets: [[Entry]] = [[]]

    init(_ rules: [Rule]) {
        for (number, rule) in rules.enumerated() {
            for keyword in rule.keywords {
                let hash = keyword.withUnsafeBytes { Self.hash($0.loadUnaligned(as: UInt32.self)) }
                bitmap[hash >> 6] |= 1 << UInt64(hash & 63)
                if bucketOf[hash] == 0 {
                    bucketOf[hash] = UInt16(buckets.count)
                    buckets.append([])
                }
                buckets[Int(bucketOf[hash])].append(
                    Entry(keyword: keyword, rule: number, ignoresCase: rule.ignoresCase))
            }
        }
    }

    /// Setting bit 5 folds ASCII's letters, and mixes up a few other bytes that the comparison tells apart again.
    @inline(__always)
    private static func hash(_ word: UInt32) -> Int { Int(((word | 0x2020_2020) &* 0x9E37_79B1) >> 16) }

    /// Calls `body` with each keyword's place and rule, in the order of places.
    func forEachHit(in bytes: Bytes, _ body: (Range<Int>, Int) -> Void) {
        guard bytes.count >= Self.window, let start = bytes.baseAddress else { return }
        let base = UnsafeRawPointer(start)
        let end = bytes.count - Self.window
        bitmap.withUnsafeBufferPointer { bitmap in
            // A pointer without a count: the bounds checks of a buffer cost a third of the speed here.
            let words = bitmap.baseAddress!
            var position = 0
            while position <= end {
                let hash = Self.hash(base.loadUnaligned(fromByteOffset: position, as: UInt32.self))
                if words[hash >> 6] >> UInt64(hash & 63) & 1 != 0 {
                    for entry in buckets[Int(bucketOf[hash])] where Self.stands(entry, at: position, in: bytes) {
                        body(position..<position + entry.keyword.count, entry.rule)
                    }
                }
                position += 1
            }
        }
    }

    private static func stands(_ entry: Entry, at position: Int, in bytes: Bytes) -> Bool {
        let count = entry.keyword.count
        guard position + count <= bytes.count else { return false }
        for offset in 0..<count {
            let byte = bytes[position + offset]
            guard (entry.ignoresCase ? lowercase(byte) : byte) == entry.keyword[offset] else { return false }
        }
        return true
    }
}
