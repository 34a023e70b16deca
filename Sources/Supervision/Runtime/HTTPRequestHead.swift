import Control

/// The head of one HTTP/1 request (RFC 9112), as far as a metrics port needs it.
struct HTTPRequestHead {
    let method: String
    let path: String
    let isWellFormed: Bool

    /// `nil` until the head is whole.
    init?(_ bytes: [UInt8]) {
        guard let end = Self.end(of: bytes) else { return nil }
        let line = bytes[..<end].prefix { $0 != 0x0D && $0 != 0x0A }
        let words = String(decoding: line, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        isWellFormed = words.count == 3 && words[2].hasPrefix("HTTP/1.") && words[1].hasPrefix("/")
        method = words.first.map(String.init) ?? ""
        path = words.count > 1 ? String(words[1].prefix { $0 != "?" }) : ""
    }

    private static func end(of bytes: [UInt8]) -> Int? {
        var newlines = 0
        for (index, byte) in bytes.enumerated() {
            if byte == 0x0A {
                newlines += 1
                if newlines == 2 { return index }
            } else if byte != 0x0D {
                newlines = 0
            }
        }
        return nil
    }

    func answer(_ text: () -> [UInt8]) -> [UInt8] {
        guard isWellFormed else { return Self.answer("400 Bad Request") }
        guard path == "/metrics" else { return Self.answer("404 Not Found") }
        switch method {
        case "GET": return Self.answer("200 OK", MetricText.contentType, text())
        case "HEAD": return Self.answer("200 OK", MetricText.contentType, text(), isWhole: false)
        default: return Self.answer("405 Method Not Allowed", fields: "Allow: GET, HEAD\r\n")
        }
    }

    static func answer(
        _ status: String, _ type: String = "text/plain; charset=utf-8", fields: String = "", _ content: [UInt8]? = nil,
        isWhole: Bool = true
    ) -> [UInt8] {
        let content = content ?? Array("\(status)\n".utf8)
        let head = """
            HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(content.count)\r\n\(fields)\
            Connection: close\r\n\r\n
            """
        return Array(head.utf8) + (isWhole ? content : [])
    }
}
