import CYAML

/// What libyaml finds in a text, one thing after another. Nothing is expanded: an alias is an event like any other.
final class YAMLEvents {
    enum Event {
        case documentStart, streamEnd, sequenceEnd, mappingEnd
        case scalar(String, isPlain: Bool, YAMLProperties)
        case sequenceStart(YAMLProperties)
        case mappingStart(YAMLProperties)
        case alias
    }

    private let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
    /// The parser reads from it as it goes.
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ text: String) {
        let bytes = Array(text.utf8)
        input = .allocate(capacity: bytes.count)
        _ = input.initialize(from: bytes)
        guard yaml_parser_initialize(parser) == 1 else { preconditionFailure("libyaml has no memory for a parser") }
        yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        yaml_parser_delete(parser)
        parser.deallocate()
        input.deallocate()
    }

    /// The next event and where it begins.
    func next() throws(YAMLFailure) -> (event: Event, position: Position) {
        while true {
            var found = yaml_event_t()
            guard yaml_parser_parse(parser, &found) == 1 else { throw YAMLFailure(parser.pointee) }
            defer { yaml_event_delete(&found) }
            if let event = Event(found) { return (event, Position(found.start_mark)) }
        }
    }
}

/// What may be written before a value.
struct YAMLProperties {
    var anchor: String?
    var hasTag: Bool

    init(anchor: UnsafeMutablePointer<yaml_char_t>?, tag: UnsafeMutablePointer<yaml_char_t>?) {
        self.anchor = anchor.map { String(cString: $0) }
        hasTag = tag != nil
    }
}

extension YAMLEvents.Event {
    /// `nil` for what means nothing to a reader of one document.
    init?(_ found: yaml_event_t) {
        switch found.type {
        case YAML_DOCUMENT_START_EVENT: self = .documentStart
        case YAML_STREAM_END_EVENT: self = .streamEnd
        case YAML_SEQUENCE_END_EVENT: self = .sequenceEnd
        case YAML_MAPPING_END_EVENT: self = .mappingEnd
        case YAML_ALIAS_EVENT: self = .alias
        case YAML_SEQUENCE_START_EVENT:
            let start = found.data.sequence_start
            self = .sequenceStart(YAMLProperties(anchor: start.anchor, tag: start.tag))
        case YAML_MAPPING_START_EVENT:
            let start = found.data.mapping_start
            self = .mappingStart(YAMLProperties(anchor: start.anchor, tag: start.tag))
        case YAML_SCALAR_EVENT:
            let scalar = found.data.scalar
            let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
            self = .scalar(
                text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
                YAMLProperties(anchor: scalar.anchor, tag: scalar.tag))
        default: return nil
        }
    }
}
