/// When the index of a repository was made and until when it counts, as its Release file says: `Date: Sat, 10 Jan 2026
/// 10:00:00 UTC`, `Valid-Until: …` (Debian's RepositoryFormat).
package struct RepositoryDates: Hashable, Sendable {
    /// In milliseconds since 1970, as all here.
    package var made: Int64?
    package var validUntil: Int64?

    package init(_ index: [UInt8]) {
        // The fields are above the digests, of which there may be megabytes.
        for line in index.prefix(64 << 10).split(separator: UInt8(ascii: "\n")) {
            let text = String(decoding: line, as: UTF8.self)
            if text.hasPrefix("Date: ") { made = made ?? Self.time(text.dropFirst(6)) }
            if text.hasPrefix("Valid-Until: ") { validUntil = validUntil ?? Self.time(text.dropFirst(13)) }
        }
    }

    /// Of another zone than UTC there is none.
    private static func time(_ text: Substring) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count == 6, ["UTC", "GMT", "+0000", "Z"].contains(words[5]),
            let day = Int(words[1]), (1...31).contains(day),
            let month = months.firstIndex(of: words[2]), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[4].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3 else { return nil }
        return Day(year, month + 1, day).start + (clock[0] * 3600 + clock[1] * 60 + clock[2]) * 1000
    }

    private static let months: [Substring] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
