/// A large value that few have: whoever has none pays one word for it.
package indirect enum Boxed<Value> {
    case value(Value)

    package init(_ value: Value) { self = .value(value) }

    package var value: Value {
        get {
            switch self {
            case .value(let value): return value
            }
        }
        set { self = .value(newValue) }
    }
}

extension Boxed: Sendable where Value: Sendable {}
extension Boxed: Equatable where Value: Equatable {}

/// In JSON it is the value itself.
extension Boxed: Codable where Value: Codable {
    package init(from decoder: any Decoder) throws { self = .value(try Value(from: decoder)) }
    package func encode(to encoder: any Encoder) throws { try value.encode(to: encoder) }
}
