extension Collection where Element == String {
    /// The entry a person most probably meant by `word`: at most a third of its letters wrong, two at most.
    ///
    /// Distance is Damerau–Levenshtein's with adjacent transpositions (optimal string alignment).
    package func closest(to word: String) -> String? {
        let limit = Swift.max(1, Swift.min(2, word.count / 3))
        let scored = map { (entry: $0, distance: editDistance($0, word)) }
        let best = scored.filter { $0.distance <= limit }.min { ($0.distance, $0.entry) < ($1.distance, $1.entry) }
        return best?.entry
    }
}

private func editDistance(_ a: String, _ b: String) -> Int {
    let a = Array(a)
    let b = Array(b)
    var rows = [Array(0...b.count)]
    for i in a.indices {
        var row = [i + 1]
        for j in b.indices {
            var cost = Swift.min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = Swift.min(cost, rows[i - 1][j - 1] + 1) }
            row.append(cost)
        }
        rows.append(row)
    }
    return rows[a.count][b.count]
}
