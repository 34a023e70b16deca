/// Debian's versions: `[epoch:]upstream[-revision]` (deb-version(7)).
enum DpkgVersion {
    static func compare(_ a: String, _ b: String) -> Int? {
        guard let a = parts(a), let b = parts(b) else { return nil }
        let epochs = compareNumbers(a.epoch, b.epoch)
        if epochs != 0 { return epochs }
        let upstream = compareText(a.upstream, b.upstream)
        return upstream != 0 ? upstream : compareText(a.revision, b.revision)
    }

    private static func parts(_ text: String) -> (epoch: Substring, upstream: Substring, revision: Substring)? {
        var rest = text[...]
        var epoch: Substring = ""
        if let colon = rest.firstIndex(of: ":") {
            epoch = rest[..<colon]
            rest = rest[rest.index(after: colon)...]
            guard !epoch.isEmpty, epoch.utf8.allSatisfy(isDigit) else { return nil }
        }
        var revision: Substring = ""
        if let dash = rest.lastIndex(of: "-") {
            revision = rest[rest.index(after: dash)...]
            rest = rest[..<dash]
        }
        guard !rest.isEmpty else { return nil }
        return (epoch, rest, revision)
    }

    /// By turns a run of other characters, where `~` comes before the end and letters before the rest, and a number.
    private static func compareText(_ a: Substring, _ b: Substring) -> Int {
        var a = Array(a.utf8)[...]
        var b = Array(b.utf8)[...]
        func rank(_ byte: UInt8?) -> Int {
            switch byte {
            case nil: 0
            case UInt8(ascii: "~")?: -1
            case let byte? where isDigit(byte): 0
            case let byte?: isLetter(byte) ? Int(byte) : Int(byte) + 256
            }
        }
        while !a.isEmpty || !b.isEmpty {
            while a.first.map(isDigit) == false || b.first.map(isDigit) == false {
                let (left, right) = (rank(a.first), rank(b.first))
                if left != right { return left < right ? -1 : 1 }
                a = a.dropFirst()
                b = b.dropFirst()
            }
            let left = a.prefix(while: isDigit)
            let right = b.prefix(while: isDigit)
            let order = compareNumbers(String(decoding: left, as: UTF8.self), String(decoding: right, as: UTF8.self))
            if order != 0 { return order }
            a = a.dropFirst(left.count)
            b = b.dropFirst(right.count)
        }
        return 0
    }
}

func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
