import CoreTypes

/// Reads one scalar as exactly what its key takes. Nothing is converted: `no` is never false, `010` never eight.
enum ScalarReader {
    struct Mismatch: Error {
        let sentence: String
        var suggestion: String?
    }

    static func read(_ tree: Tree, as shape: Shape) -> Result<Value.Content, Mismatch> {
        guard case .scalar(let text, let isPlain) = tree.content, !tree.isNull else {
            return expected(shape, tree)
        }
        switch shape {
        case .text(let rule):
            return rule.accepts(text)
                ? .success(.text(text)) : .failure(Mismatch(sentence: "\(tree.kind) is not \(rule.expected)"))
        case .boolean:
            guard isPlain, let value = Bool(text) else { return expected(shape, tree) }
            return .success(.boolean(value))
        case .integer(let range):
            guard isPlain, let number = integer(text, in: range) else { return expected(shape, tree) }
            return .success(.integer(number))
        case .port:
            guard isPlain, let port = decimal(text).flatMap(Port.init) else { return expected(shape, tree) }
            return .success(.port(port))
        case .time(let minimum):
            guard let time = try? TimeSpan(text), time >= minimum else { return expected(shape, tree) }
            return .success(.time(time))
        case .size:
            guard let size = try? ByteCount(text), size.bytes > 0 else { return expected(shape, tree) }
            return .success(.size(size))
        case .schedule:
            do throws(InvalidSchedule) { return .success(.schedule(try Schedule(text))) } catch {
                return .failure(Mismatch(sentence: "\(error)"))
            }
        case .choice(let words):
            guard words.contains(text) else { return unknown(text, in: words) }
            return .success(.text(text))
        case .listen:
            guard let (address, port) = ListenAddress.parse(text) else { return expected(shape, tree) }
            return .success(.listen(address: address, port: port))
        case .process:
            guard let name = try? ProcessName(text) else { return expected(shape, tree) }
            return .success(.process(name))
        case .secret:
            guard let name = try? SecretName(text) else { return expected(shape, tree) }
            return .success(.secret(name))
        case .list, .dictionary, .object:
            return expected(shape, tree)
        }
    }

    private static func expected(_ shape: Shape, _ tree: Tree) -> Result<Value.Content, Mismatch> {
        let wanted =
            switch shape {
            case .text(let rule): rule.expected
            case .boolean: "true or false"
            case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .port: "a port from 1 to 65535"
            case .time(let minimum):
                "a time with a unit, such as 250ms, 30s or 1m30s" + (minimum > .zero ? ", of at least \(minimum)" : "")
            case .size: "a size with a unit, such as 64KiB or 10MiB, of at least 1B"
            case .schedule: "a schedule, such as 'every 15m', daily or 'Mon..Fri 03:30'"
            case .choice(let words): "one of " + words.joined(separator: ", ")
            case .listen: "an IP address and a port, such as 127.0.0.1:8080 or '[::1]:8080'"
            case .process: "the name of a process"
            case .secret: "the name of a secret"
            case .list: "a list"
            case .dictionary, .object: "a mapping"
            }
        return .failure(Mismatch(sentence: "expected \(wanted), not \(tree.kind)"))
    }

    private static func unknown(_ text: String, in words: [String]) -> Result<Value.Content, Mismatch> {
        let bare = text.uppercased().hasPrefix("SIG") ? String(text.uppercased().dropFirst(3)) : text
        let near = words.contains(bare) ? bare : words.closest(to: text) ?? words.closest(to: text.uppercased())
        return .failure(
            Mismatch(sentence: "'\(text)' is not one of \(words.joined(separator: ", "))", suggestion: near))
    }

    /// A sign only where negative numbers have a meaning.
    private static func integer(_ text: String, in range: ClosedRange<Int>) -> Int? {
        let isNegative = range.lowerBound < 0 && text.hasPrefix("-") && text != "-0"
        guard let number = decimal(isNegative ? String(text.dropFirst()) : text) else { return nil }
        return range.contains(isNegative ? -number : number) ? (isNegative ? -number : number) : nil
    }

    /// A number as people write it: no sign, no leading zero, no underscore, no other base.
    private static func decimal(_ text: String) -> Int? {
        let digits = text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits, text == "0" || !text.hasPrefix("0") else { return nil }
        return Int(text)
    }
}
