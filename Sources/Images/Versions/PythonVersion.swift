/// Python's versions (PEP 440): epoch, release, pre-, post- and development release, local label.
struct PythonVersion: Comparable {
    private var epoch: Substring = "0"
    private var release: [Substring] = []
    /// `a`, `b` or `rc` with its number.
    private var pre: (Int, Substring)?
    private var post: Substring?
    private var development: Substring?
    private var local: [Substring] = []

    init?(_ text: String) {
        let lowered = text.lowercased()
        var rest = lowered[...]
        func number() -> Substring {
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest[digits.endIndex...]
            return digits
        }
        /// One of the words, with or without a separator before and after it, and the number after it.
        func labelled(_ words: [(String, Int)]) -> (Int, Substring)? {
            let start = rest
            if let first = rest.first, ".-_".contains(first) { rest = rest.dropFirst() }
            for (word, rank) in words where rest.hasPrefix(word) {
                rest = rest.dropFirst(word.count)
                let separated = rest
                if let first = rest.first, ".-_".contains(first) { rest = rest.dropFirst() }
                let digits = number()
                // A separator without a number belongs to what comes next.
                if digits.isEmpty { rest = separated }
                return (rank, digits)
            }
            rest = start
            return nil
        }
        if rest.first == "v" { rest = rest.dropFirst() }
        if let mark = rest.firstIndex(of: "!") {
            epoch = rest[..<mark]
            guard !epoch.isEmpty, epoch.utf8.allSatisfy(isDigit) else { return nil }
            rest = rest[rest.index(after: mark)...]
        }
        repeat {
            if !release.isEmpty { rest = rest.dropFirst() }
            let digits = number()
            guard !digits.isEmpty else { return nil }
            release.append(digits)
        } while rest.first == "." && rest.dropFirst().first?.isNumber == true
        // Longer words first: `preview` begins with `pre`.
        pre = labelled([
            ("alpha", 0), ("beta", 1), ("preview", 2), ("pre", 2), ("rc", 2), ("a", 0), ("b", 1), ("c", 2),
        ])
        if let found = labelled([("post", 0), ("rev", 0), ("r", 0)]) {
            post = found.1
        } else if rest.first == "-", rest.dropFirst().first?.isNumber == true {
            rest = rest.dropFirst()
            post = number()
        }
        development = labelled([("dev", 0)])?.1
        if rest.first == "+" {
            local = rest.dropFirst().split(omittingEmptySubsequences: false) { ".-_".contains($0) }
            guard local.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { isDigit($0) || isLetter($0) } }) else {
                return nil
            }
            rest = ""
        }
        guard rest.isEmpty else { return nil }
        while release.count > 1, release.last!.allSatisfy({ $0 == "0" }) { release.removeLast() }
    }

    static func == (a: Self, b: Self) -> Bool { !(a < b) && !(b < a) }
    static func < (a: Self, b: Self) -> Bool { a.compare(b) < 0 }

    private func compare(_ other: Self) -> Int {
        var order = compareNumbers(epoch, other.epoch)
        if order != 0 { return order }
        for index in 0..<max(release.count, other.release.count) {
            order = compareNumbers(
                index < release.count ? release[index] : "0", index < other.release.count ? other.release[index] : "0")
            if order != 0 { return order }
        }
        order = preRank - other.preRank
        if order != 0 { return order }
        order = compareNumbers(pre?.1 ?? "0", other.pre?.1 ?? "0")
        if order != 0 { return order }
        // Without a post-release before any; without a development release after any.
        if (post == nil) != (other.post == nil) { return post == nil ? -1 : 1 }
        order = compareNumbers(post ?? "0", other.post ?? "0")
        if order != 0 { return order }
        if (development == nil) != (other.development == nil) { return development == nil ? 1 : -1 }
        order = compareNumbers(development ?? "0", other.development ?? "0")
        if order != 0 { return order }
        for (x, y) in zip(local, other.local) where x != y {
            switch (x.utf8.allSatisfy(isDigit), y.utf8.allSatisfy(isDigit)) {
            case (true, true):
                order = compareNumbers(x, y)
                if order != 0 { return order }
            case (true, false): return 1
            case (false, true): return -1
            case (false, false): return x.utf8.lexicographicallyPrecedes(y.utf8) ? -1 : 1
            }
        }
        return local.count - other.local.count
    }

    /// A development release of the release itself comes before all pre-releases.
    private var preRank: Int {
        if let pre { return pre.0 }
        return post == nil && development != nil ? -1 : 3
    }
}
