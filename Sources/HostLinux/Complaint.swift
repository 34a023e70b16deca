package import Host

extension CommandResult {
    /// Why a command of apt or dpkg failed: each thing that it calls an error, with the details below it; its warnings only
    /// where it names no error. Else its last words.
    package var complaint: String {
        let said = Self.complaints(in: errors, by: Self.errorMarks)
        // On a terminal apt says what could not be fetched once more, among what it does.
        let reasons = said.isEmpty ? Self.complaints(in: output, by: Self.errorMarks) : said
        let warnings = Self.complaints(in: errors, by: ["W: "])
        let found = reasons + (reasons.isEmpty || reasons.allSatisfy(Self.isOnlySummary) ? warnings : [])
        guard !found.isEmpty else { return lastLines(6) }
        return found.flatMap(\.self).prefix(12).joined(separator: "\n")
    }

    private static let errorMarks = [
        "E: ", "Err:", "dpkg: error", "dpkg-deb: error",
        // Where dpkg cannot write what it remembers, it stops, and calls it no plain error.
        "dpkg: unrecoverable fatal error", "dpkg: outside error context", "dpkg: too many nested errors",
    ]

    /// Each line with one of the marks, and the indented ones that follow it.
    private static func complaints(in text: String, by marks: [String]) -> [[Substring]] {
        var found: [[Substring]] = []
        var isInside = false
        for line in text.split(separator: "\n") {
            if marks.contains(where: line.hasPrefix) {
                isInside = true
                found.append([line])
            } else if isInside, line.first == " ", let last = found.indices.last {
                if found[last].count <= detail { found[last].append(line) }
            } else {
                isInside = false
            }
        }
        return found
    }

    /// Lines below an error that are worth repeating: a mismatch of digests has eight.
    private static let detail = 3

    /// The last sentence of a run of apt, which does not say what was wrong.
    private static func isOnlySummary(_ complaint: [Substring]) -> Bool {
        complaint.count == 1
            && ["E: Download Failed", "E: Some index files failed to download"].contains {
                complaint[0].hasPrefix($0)
            }
    }
}
