/// A value of a BSON document, of the types that the store uses.
enum BSON: Sendable, Equatable {
    case int(Int64)
    case double(Double)
    case text(String)
    case flag(Bool)
    case date(Timestamp)
    case document(BSONDocument)
    case array([BSON])
    case null

    var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        case .text, .flag, .date, .document, .array, .null: nil
        }
    }

    var text: String? { if case .text(let value) = self { value } else { nil } }
    var date: Timestamp? { if case .date(let value) = self { value } else { nil } }
    var document: BSONDocument? { if case .document(let value) = self { value } else { nil } }
    var array: [BSON]? { if case .array(let value) = self { value } else { nil } }
}

/// Fields in their order: MongoDB reads the first one of a command as its name.
struct BSONDocument: Sendable, Equatable {
    private(set) var fields: [(name: String, value: BSON)] = []

    init(_ fields: [(name: String, value: BSON)] = []) { self.fields = fields }

    subscript(name: String) -> BSON? {
        get { fields.first { $0.name == name }?.value }
        set {
            fields.removeAll { $0.name == name }
            if let newValue { fields.append((name, newValue)) }
        }
    }

    static func == (a: Self, b: Self) -> Bool {
        a.fields.count == b.fields.count
            && zip(a.fields, b.fields).allSatisfy { $0.name == $1.name && $0.value == $1.value }
    }
}

// Literals, so that a command in Swift reads like the one in MongoDB's manual.
extension BSONDocument: ExpressibleByDictionaryLiteral {
    init(dictionaryLiteral elements: (String, BSON)...) { fields = elements.map { (name: $0.0, value: $0.1) } }
}

extension BSON: ExpressibleByIntegerLiteral, ExpressibleByStringLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    init(integerLiteral value: Int64) { self = .int(value) }
    init(stringLiteral value: String) { self = .text(value) }
    init(booleanLiteral value: Bool) { self = .flag(value) }
    init(arrayLiteral elements: BSON...) { self = .array(elements) }
    init(dictionaryLiteral elements: (String, BSON)...) {
        self = .document(BSONDocument(elements.map { (name: $0.0, value: $0.1) }))
    }
}
