/// Cuts a JSON list into its items while it is read, so that a list of any length takes the memory of one item.
///
/// It looks at brackets and texts alone; whether an item is JSON is for whoever reads it.
struct JSONItems {
    /// Why there is no list, or no more of it.
    enum Malformed: Error, Equatable { case notAList, tooDeep, itemTooLarge, cutShort }

    /// Prowler's are 10 KB.
    static let largestItem = 1 << 20
    static let mostDepth = 64

    private enum Place { case before, between, inside, after }
    private var place = Place.before
    private var item: [UInt8] = []
    private var depth = 0
    private var isText = false
    private var isEscaped = false

    /// Hands on each item that ends in this piece.
    mutating func feed(_ piece: some Sequence<UInt8>, _ found: ([UInt8]) throws -> Void) throws {
        for byte in piece {
            switch place {
            case .inside: try take(byte, found)
            case .before, .between, .after: try begin(byte)
            }
        }
    }

    /// There is no more of it. Nothing at all is a list of nothing.
    func finish() throws(Malformed) {
        guard place == .after || place == .before else { throw .cutShort }
    }

    private mutating func begin(_ byte: UInt8) throws(Malformed) {
        switch (byte, place) {
        case (UInt8(ascii: " "), _), (UInt8(ascii: "\n"), _), (UInt8(ascii: "\r"), _), (UInt8(ascii: "\t"), _): break
        case (UInt8(ascii: "["), .before): place = .between
        case (UInt8(ascii: "]"), .between): place = .after
        case (UInt8(ascii: ","), .between): break
        case (UInt8(ascii: "{"), .between):
            (place, depth) = (.inside, 1)
            item = [byte]
        default: throw .notAList
        }
    }

    private mutating func take(_ byte: UInt8, _ found: ([UInt8]) throws -> Void) throws {
        guard item.count < Self.largestItem else { throw Malformed.itemTooLarge }
        item.append(byte)
        if isText {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isText = false
            }
            return
        }
        switch byte {
        case UInt8(ascii: "\""): isText = true
        case UInt8(ascii: "{"), UInt8(ascii: "["):
            depth += 1
            guard depth <= Self.mostDepth else { throw Malformed.tooDeep }
        case UInt8(ascii: "}"), UInt8(ascii: "]"):
            depth -= 1
            if depth == 0 {
                place = .between
                try found(item)
            }
        default: break
        }
    }
}
