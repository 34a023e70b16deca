/// What one process may use of something (getrlimit(2)): `nofile` 1024, which it may raise itself to 4096.
package struct ResourceLimit: Hashable, Sendable, Codable {
    package let kind: Kind
    /// In the kind's unit; `nil`: infinity.
    package let soft: Int64?
    package let hard: Int64?

    package init(_ kind: Kind, soft: Int64?, hard: Int64?) {
        self.kind = kind
        self.soft = soft
        self.hard = hard
    }

    package enum Kind: String, Hashable, Sendable, CaseIterable, Codable {
        // In the kernel's order (asm-generic/resource.h).
        case cpu, fsize, data, stack, core, rss, nproc, nofile, memlock, `as`, locks, sigpending, msgqueue, nice
        case rtprio, rttime

        /// The kernel's number for it.
        package var number: Int { Self.allCases.firstIndex(of: self) ?? 0 }

        package var unit: Unit {
            switch self {
            case .fsize, .data, .stack, .core, .rss, .memlock, .as, .msgqueue: return .bytes
            case .cpu: return .seconds
            case .rttime: return .microseconds
            case .nproc, .nofile, .locks, .sigpending, .nice, .rtprio: return .count
            }
        }
    }

    package enum Unit: Sendable { case bytes, seconds, microseconds, count }

    /// Reads a value, or two as `soft:hard`; each a number, or with the kind's unit (`64MiB`, `10m`), or `infinity`.
    package init(_ kind: Kind, _ text: String) throws(InvalidQuantity) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        soft = try Self.value(parts[0], kind, of: text)
        hard = parts.count == 2 ? try Self.value(parts[1], kind, of: text) : soft
        self.kind = kind
        guard let hard else { return }
        guard let soft, soft <= hard else {
            throw InvalidQuantity(text: text, expected: "a soft limit that is not above the hard one")
        }
    }

    private static func value(_ text: String, _ kind: Kind, of whole: String) throws(InvalidQuantity) -> Int64? {
        if text == "infinity" { return nil }
        if text == "0" { return 0 }
        switch kind.unit {
        case .bytes:
            if let size = try? ByteCount(text) { return size.bytes }
            throw InvalidQuantity(
                text: whole, expected: "a size with a unit such as 64MiB, or 'infinity', or two of them as soft:hard")
        case .seconds, .microseconds:
            if let time = try? TimeSpan(text) {
                if kind.unit == .seconds { return time.milliseconds / 1000 + (time.milliseconds % 1000 > 0 ? 1 : 0) }
                let (microseconds, overflow) = time.milliseconds.multipliedReportingOverflow(by: 1000)
                if !overflow { return microseconds }
            }
            throw InvalidQuantity(
                text: whole, expected: "a time with a unit such as 10m, or 'infinity', or two of them as soft:hard")
        case .count:
            let isNumber = !text.isEmpty && text.utf8.allSatisfy { (0x30...0x39).contains($0) }
            if isNumber, let count = Int64(text) { return count }
            throw InvalidQuantity(
                text: whole, expected: "a whole number, or 'infinity', or two of them as soft:hard")
        }
    }
}
