import CoreTypes

/// A value that has its shape, with its origin; defaults are filled in.
struct Value {
    let content: Content
    let origin: Origin

    indirect enum Content {
        case text(String)
        case boolean(Bool)
        case integer(Int)
        case time(TimeSpan)
        case size(ByteCount)
        case schedule(Schedule)
        case port(Port)
        case listen(address: String, port: Port)
        case process(ProcessName)
        case secret(SecretName)
        case list([Value])
        case map([(key: String, value: Value)])
    }

    /// The way to this value and to every one below it, with the text of those that have no parts.
    func walk(from path: ProfilePath, visit: (ProfilePath, Value) -> Void) {
        visit(path, self)
        switch content {
        case .list(let items): for (index, item) in items.enumerated() { item.walk(from: path + index, visit: visit) }
        case .map(let pairs): for (key, value) in pairs { value.walk(from: path + key, visit: visit) }
        case .text, .boolean, .integer, .time, .size, .schedule, .port, .listen, .process, .secret: break
        }
    }

    /// The value as YAML on one line; `nil` for one that has parts.
    var text: String? {
        switch content {
        case .text(let text):
            text.allSatisfy { $0.isLetter || $0.isNumber || "/._-".contains($0) } && !text.isEmpty
                ? text : JSON.text(text).line
        case .boolean(let value): String(value)
        case .integer(let value): String(value)
        case .time(let value): value.description
        case .size(let value): value.description
        case .schedule(let value): JSON.text(value.description).line
        case .port(let value): value.description
        case .listen(let address, let port): "\(address):\(port)"
        case .process(let name): name.description
        case .secret(let name): name.description
        case .list(let items): items.isEmpty ? "[]" : nil
        case .map(let pairs): pairs.isEmpty ? "{}" : nil
        }
    }
}

/// Reading what the shape promises: each of these is only asked of a value that the key table gives that shape, and
/// `ShapeChecker` lets nothing else through.
extension Value {
    subscript(key: String) -> Value {
        guard let value = self.ifPresent(key) else { preconditionFailure("the key table has no '\(key)' here") }
        return value
    }

    func ifPresent(_ key: String) -> Value? { pairs.first { $0.key == key }?.value }

    var pairs: [(key: String, value: Value)] {
        if case .map(let pairs) = content { pairs } else { unexpected() }
    }

    var items: [Value] { if case .list(let items) = content { items } else { unexpected() } }
    var string: String { if case .text(let text) = content { text } else { unexpected() } }
    var boolean: Bool { if case .boolean(let value) = content { value } else { unexpected() } }
    var integer: Int { if case .integer(let value) = content { value } else { unexpected() } }
    var schedule: Schedule { if case .schedule(let value) = content { value } else { unexpected() } }
    var time: TimeSpan { if case .time(let value) = content { value } else { unexpected() } }
    var size: ByteCount { if case .size(let value) = content { value } else { unexpected() } }
    var port: Port { if case .port(let value) = content { value } else { unexpected() } }
    var process: ProcessName { if case .process(let name) = content { name } else { unexpected() } }
    var secret: SecretName { if case .secret(let name) = content { name } else { unexpected() } }
    var listen: (address: String, port: Port) {
        if case .listen(let address, let port) = content { (address, port) } else { unexpected() }
    }

    private func unexpected() -> Never { preconditionFailure("the key table gives \(content) another shape") }
}
