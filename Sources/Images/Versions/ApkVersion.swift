/// Alpine's versions: `1.2.3b_rc1_p2-r3`, numbers, a letter, suffixes and a revision, in this order.
enum ApkVersion {
    /// What may come, in the order in which it does; what ends earlier is the smaller one, unless a pre-release suffix comes.
    private enum Part {
        case number(Substring, isFirst: Bool)
        case letter(UInt8)
        case suffix(Int)
        case suffixNumber(Substring)
        case revision(Substring)

        var kind: Int {
            switch self {
            case .number: 0
            case .letter: 1
            case .suffix: 2
            case .suffixNumber: 3
            case .revision: 4
            }
        }
    }

    /// Before and after the release itself, which is between `rc` and `cvs`.
    private static let suffixes: [Substring: Int] = [
        "alpha": -4, "beta": -3, "pre": -2, "rc": -1, "cvs": 0, "svn": 1, "git": 2, "hg": 3, "p": 4,
    ]

    static func compare(_ a: String, _ b: String) -> Int? {
        guard let a = parts(a), let b = parts(b) else { return nil }
        for (left, right) in zip(a, b) {
            let order: Int
            switch (left, right) {
            case (.number(let x, let isFirst), .number(let y, _)): order = compareNumbers(x, y, isFirst: isFirst)
            case (.letter(let x), .letter(let y)): order = x == y ? 0 : x < y ? -1 : 1
            case (.suffix(let x), .suffix(let y)): order = x == y ? 0 : x < y ? -1 : 1
            case (.suffixNumber(let x), .suffixNumber(let y)), (.revision(let x), .revision(let y)):
                order = Images.compareNumbers(x, y)
            default: return unequal(left, right)
            }
            if order != 0 { return order }
        }
        if a.count == b.count { return 0 }
        return a.count > b.count ? unequal(a[b.count], nil) : unequal(nil, b[a.count])
    }

    /// Which is larger when one goes on where the other has something else, or nothing.
    private static func unequal(_ a: Part?, _ b: Part?) -> Int {
        if case .suffix(let suffix)? = a, suffix < 0 { return -1 }
        if case .suffix(let suffix)? = b, suffix < 0 { return 1 }
        // What may come earlier means more than what comes later, and all of it more than the end.
        return (a?.kind ?? 9) < (b?.kind ?? 9) ? 1 : -1
    }

    /// From the second on, a number that begins with 0 is a fraction: `1.06` comes before `1.1`.
    private static func compareNumbers(_ a: Substring, _ b: Substring, isFirst: Bool) -> Int {
        guard !isFirst, a.hasPrefix("0") && a.count > 1 || b.hasPrefix("0") && b.count > 1 else {
            return Images.compareNumbers(a, b)
        }
        return a == b ? 0 : a.utf8.lexicographicallyPrecedes(b.utf8) ? -1 : 1
    }

    private static func parts(_ text: String) -> [Part]? {
        var rest = text[...]
        var parts: [Part] = []
        func number() -> Substring? {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            return digits.isEmpty ? nil : digits
        }
        guard let first = number() else { return nil }
        parts.append(.number(first, isFirst: true))
        while rest.first == "." {
            rest = rest.dropFirst()
            guard let next = number() else { return nil }
            parts.append(.number(next, isFirst: false))
        }
        if let letter = rest.utf8.first, (0x61...0x7A).contains(letter) {
            parts.append(.letter(letter))
            rest = rest.dropFirst()
        }
        while rest.first == "_" {
            let name = rest.dropFirst().prefix { $0.isASCII && $0.isLetter }
            guard let suffix = suffixes[name] else { return nil }
            rest = rest[name.endIndex...]
            parts.append(.suffix(suffix))
            if let digits = number() { parts.append(.suffixNumber(digits)) }
        }
        // A commit's hash, since apk 3; it orders nothing.
        if rest.first == "~" { rest = rest.dropFirst().drop { $0.isASCII && $0.isHexDigit } }
        if rest.hasPrefix("-r") {
            rest = rest.dropFirst(2)
            guard let digits = number() else { return nil }
            parts.append(.revision(digits))
        }
        return rest.isEmpty ? parts : nil
    }
}
