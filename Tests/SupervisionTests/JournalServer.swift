import Control
import Glibc
import Testing

/// Stands in for systemd's journal: takes entries, when it is asked to look.
final class JournalServer {
    let path: String
    private(set) var entries: [[String: [UInt8]]] = []
    private let descriptor: Int32

    init(_ path: String) throws {
        self.path = path
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let descriptor = descriptor
        let result = ControlSocketPath.withAddress(path) { bind(descriptor, $0, $1) }
        try #require(result == 0)
    }

    deinit {
        close(descriptor)
        unlink(path)
    }

    @discardableResult
    func look() throws -> [[String: [UInt8]]] {
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { return entries }
            entries.append(try Self.fields(bytes[..<count]))
        }
    }

    func texts(_ field: String) throws -> [String] {
        try look().map { String(decoding: $0[field] ?? [], as: UTF8.self) }
    }

    /// The native protocol: `NAME=value\n`, or `NAME\n`, the length in eight bytes, the value, `\n`.
    private static func fields(_ entry: ArraySlice<UInt8>) throws -> [String: [UInt8]] {
        var fields: [String: [UInt8]] = [:]
        var rest = entry
        while !rest.isEmpty {
            let end = try #require(rest.firstIndex(of: 0x0A))
            let line = rest[..<end]
            rest = rest[(end + 1)...]
            if let equals = line.firstIndex(of: UInt8(ascii: "=")) {
                fields[String(decoding: line[..<equals], as: UTF8.self)] = Array(line[(equals + 1)...])
                continue
            }
            let size = rest.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            let value = rest.dropFirst(8)
            try #require(value.count > size && value[value.startIndex + size] == 0x0A)
            fields[String(decoding: line, as: UTF8.self)] = Array(value.prefix(size))
            rest = value.dropFirst(size + 1)
        }
        return fields
    }
}
