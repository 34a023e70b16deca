import CoreTypes

extension ShapeChecker {
    /// Takes the place of a value that could not be read, so that the rest of the profile can still be checked. Its
    /// path is in `broken`, and no profile leaves the loader with one inside.
    mutating func standIn(for shape: Shape, origin: Origin) -> Value {
        Value(content: standIn(for: shape, origin: origin), origin: origin)
    }

    private mutating func standIn(for shape: Shape, origin: Origin) -> Value.Content {
        switch shape {
        case .text: return .text("")
        case .boolean: return .boolean(false)
        case .integer(let range): return .integer(range.lowerBound)
        case .time(let minimum): return .time(minimum)
        case .size: return .size(ByteCount(bytes: 1))
        case .schedule: return .schedule(Self.schedule)
        case .choice(let words): return .text(words[0])
        case .port: return .port(Self.port)
        case .listen: return .listen(address: "127.0.0.1", port: Self.port)
        case .process: return .process(Self.process)
        case .secret: return .secret(Self.secret)
        case .list: return .list([])
        case .dictionary: return .map([])
        case .object(let keys):
            var values: [(key: String, value: Value)] = []
            for key in keys {
                switch key.presence {
                case .optional: break
                case .defaults(let text): values.append((key.name, byDefault(text, key.shape)))
                case .required: values.append((key.name, standIn(for: key.shape, origin: origin)))
                }
            }
            return .map(values)
        }
    }

    private static let port: Port = {
        guard let port = Port(1) else { preconditionFailure("1 is a port") }
        return port
    }()

    private static let schedule: Schedule = {
        guard let schedule = try? Schedule("daily") else { preconditionFailure("'daily' is a schedule") }
        return schedule
    }()

    private static let process: ProcessName = {
        guard let name = try? ProcessName("unread") else { preconditionFailure("'unread' is a name") }
        return name
    }()

    private static let secret: SecretName = {
        guard let name = try? SecretName("UNREAD") else { preconditionFailure("'UNREAD' is a name") }
        return name
    }()
}
