import Hummingbird
import Logging
import Platform
import Testing

@Suite("Uploads over real connections (runtime)")
struct UploadRuntimeTests {
    private static func head(_ token: String, _ fields: String) -> [UInt8] {
        Array(
            """
            POST /api/code/upload-scan HTTP/1.1\r
            Host: x\r
            Authorization: Bearer \(token)\r
            Content-Type: application/zip\r
            \(fields)\r
            \r

            """.utf8)
    }

    @Test(
        "a client that vanishes in the middle of an upload leaves no file and no scan",
        arguments: [
            "Content-Length: 1000000", "Transfer-Encoding: chunked",
        ])
    func vanishingClient(length: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        try await serve(API.router(bench.services)) { [bench] port in
            let connection = try Connection(port: port)
            let half = [UInt8](repeating: 65, count: 0x8000)
            let piece = length.hasPrefix("T") ? Array("8000\r\n".utf8) + half + Array("\r\n".utf8) : half
            try connection.send(Self.head(token, length) + piece)
            #expect(try await eventually { try bench.uploads().contains { $0.hasSuffix(".part") } })
            connection.close()
            #expect(try await eventually { try bench.uploads().isEmpty })
            #expect(
                try await bench.store.scans(of: user.id, matching: ScanFilter(), after: nil, limit: 9).items.isEmpty)
        }
    }

    @Test("an upload in many chunks arrives whole")
    func chunked() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await serve(API.router(bench.services)) { [bench] port in
            let connection = try Connection(port: port)
            try connection.send(Self.head(token, "Transfer-Encoding: chunked"))
            for index in 0..<100 { try connection.send(Array("3\r\n\(100 + index)\r\n".utf8)) }
            try connection.send(Array("0\r\n\r\n".utf8))
            #expect(await connection.receive().hasPrefix("HTTP/1.1 202 "))
            let id = try #require(ScanID(try bench.uploads().first?.prefix(32) ?? ""))
            #expect(try await bench.store.scan(id)?.uploadBytes == 300)
        }
    }
}
