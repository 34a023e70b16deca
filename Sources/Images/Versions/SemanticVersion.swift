/// Semantic Versioning 2.0.0; a leading `v` and missing numbers are forgiven.
struct SemanticVersion: Comparable {
    private let numbers: [Substring]
    private let before: [Substring]

    init?(_ text: String) {
        var rest = text[...]
        if rest.first == "v" || rest.first == "=" { rest = rest.dropFirst() }
        rest = rest.prefix { $0 != "+" }
        let release = rest.prefix { $0 != "-" }
        let numbers = release.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...3).contains(numbers.count), numbers.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(isDigit) }) else {
            return nil
        }
        let after = rest[release.endIndex...].dropFirst()
        let before = after.split(separator: ".", omittingEmptySubsequences: false)
        guard release.endIndex == rest.endIndex || before.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.numbers = numbers + Array(repeating: "0", count: 3 - numbers.count)
        self.before = release.endIndex == rest.endIndex ? [] : before
    }

    static func == (a: Self, b: Self) -> Bool { !(a < b) && !(b < a) }

    static func < (a: Self, b: Self) -> Bool {
        for (x, y) in zip(a.numbers, b.numbers) {
            let order = compareNumbers(x, y)
            if order != 0 { return order < 0 }
        }
        // A pre-release comes before its release.
        if a.before.isEmpty || b.before.isEmpty { return !a.before.isEmpty && b.before.isEmpty }
        for (x, y) in zip(a.before, b.before) where x != y {
            switch (x.utf8.allSatisfy(isDigit), y.utf8.allSatisfy(isDigit)) {
            case (true, true):
                let order = compareNumbers(x, y)
                if order != 0 { return order < 0 }
            case (true, false): return true
            case (false, true): return false
            case (false, false): return x.utf8.lexicographicallyPrecedes(y.utf8)
            }
        }
        return a.before.count < b.before.count
    }
}
