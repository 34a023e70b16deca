import Glibc

/// What tells a secret from a word or a placeholder.
enum RandomLook {
    /// Shannon's entropy of the bytes, in bits a byte.
    static func entropy(_ bytes: Bytes, _ range: Range<Int>) -> Double {
        withUnsafeTemporaryAllocation(of: Int32.self, capacity: 256) { counts in
            counts.initialize(repeating: 0)
            for index in range { counts[Int(bytes[index])] += 1 }
            let total = Double(range.count)
            return counts.reduce(0) { sum, count in
                guard count > 0 else { return sum }
                let share = Double(count) / total
                return sum - share * log2(share)
            }
        }
    }

    /// Whether one byte fills half of it, or it counts up or down for most of its length: `00000000`, `abcdefgh`.
    static func isFilling(_ bytes: Bytes, _ range: Range<Int>) -> Bool {
        guard range.count >= 4 else { return false }
        var equal = 0
        var steps = 0
        for index in range.dropFirst() {
            let difference = Int(bytes[index]) - Int(bytes[index - 1])
            if difference == 0 { equal += 1 }
            if abs(difference) == 1 { steps += 1 }
        }
        return equal * 2 > range.count || steps * 3 > range.count * 2
    }
}
