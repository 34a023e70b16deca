import CoreTypes

/// Where a line comes from, ready to be copied before each line.
struct LineOrigin {
    /// In a JSON line, from the end of the time to the beginning of the message.
    let json: [UInt8]
    /// The fields of a journal entry that all lines share.
    let journal: [UInt8]

    /// Names and digests hold nothing that must be escaped. `stream`: `stdout` or `stderr`.
    init(_ name: InstanceName, release: ReleaseID?, invocation: String, stream: String) {
        var members = "\",\"process\":\"\(name.process)\""
        var fields = "SYSLOG_IDENTIFIER=\(name.process)\nBEDPLATE_INSTANCE=\(name)\nBEDPLATE_PROCESS=\(name.process)\n"
        if let slot = name.slot {
            members += ",\"slot\":\"\(slot)\""
            fields += "BEDPLATE_SLOT=\(slot)\n"
        }
        if let release {
            members += ",\"release\":\"\(release)\""
            fields += "BEDPLATE_RELEASE=\(release)\n"
        }
        members += ",\"stream\":\"\(stream)\",\"message\":\""
        fields += "BEDPLATE_STREAM=\(stream)\n"
        if !invocation.isEmpty { fields += "BEDPLATE_INVOCATION=\(invocation)\n" }
        json = Array(members.utf8)
        journal = Array(fields.utf8)
    }
}

/// One captured line as a JSON object.
enum JSONLine {
    /// What our files begin with; Logstash expects the time under a name of its own.
    static let fileHead = Array("{\"time\":\"".utf8)
    static let logstashHead = Array("{\"@timestamp\":\"".utf8)
    private static let end = Array("\"}\n".utf8)
    private static let continuingEnd = Array("\",\"continues\":true}\n".utf8)

    /// The room that a line needs at most.
    static func room(for message: Int, _ origin: LineOrigin) -> Int {
        64 + TimestampPrefix.length + origin.json.count + message * JSONText.growth
    }

    /// Writes the line with its newline; the bytes written. `continues`: it is the first part of a longer one.
    static func write(
        _ message: UnsafeRawBufferPointer, head: [UInt8], time: [UInt8], origin: LineOrigin, continues: Bool,
        to target: UnsafeMutableRawPointer
    ) -> Int {
        var into = target
        copy(head, head.count, &into)
        // Without the space that ends it.
        copy(time, TimestampPrefix.length - 1, &into)
        copy(origin.json, origin.json.count, &into)
        into += JSONText.write(message, to: into)
        let tail = continues ? continuingEnd : end
        copy(tail, tail.count, &into)
        return into - target
    }

    private static func copy(_ bytes: [UInt8], _ count: Int, _ into: inout UnsafeMutableRawPointer) {
        bytes.withUnsafeBytes { into.copyMemory(from: $0.baseAddress!, byteCount: count) }
        into += count
    }
}
