import CoreTypes
import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Platform
import SystemPackage
import Testing

@Suite("The console's server")
final class SiteTests {
    private let folder = FilePath(NSTemporaryDirectory()).appending("site-\(UUID().uuidString)")

    init() throws {
        for (name, text) in [
            ("index.html", #"<script type="module" src="{{assets}}/app.js"></script>"#), ("favicon.svg", "<svg/>"),
            ("assets/app.js", "import './lib/a.js'"), ("assets/lib/a.js", "1"), ("assets/app.css", "b{}"),
            (".env", "SECRET"), ("assets/.map", "SECRET"),
        ] {
            let path = folder.appending(name)
            try FileManager.default.createDirectory(
                atPath: path.removingLastComponent().string, withIntermediateDirectories: true)
            try text.write(toFile: path.string, atomically: false, encoding: .utf8)
        }
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending("link.txt").string, withDestinationPath: "/etc/passwd")
    }

    deinit { try? FileManager.default.removeItem(atPath: folder.string) }

    private func web<Value>(_ body: @escaping @Sendable (Client, String) async throws -> Value) async throws -> Value {
        let site = try Site(folder: folder)
        return try await body(Client(SiteResponder(site: site)), site.digest)
    }

    @Test("the page names its assets by their digest and is revalidated each time")
    func page() async throws {
        try await web { client, digest in
            for path in ["/", "/index.html", "/scans", "/scans/abc", "/scans/abc/"] {
                let reply = try await client.get(path)
                #expect(reply.status == 200, "\(path)")
                #expect(reply.text == #"<script type="module" src="/static/\#(digest)/app.js"></script>"#)
                #expect(reply.headers[.cacheControl] == "no-cache")
                #expect(reply.headers[.contentType] == "text/html; charset=utf-8")
            }
        }
    }

    @Test("assets are immutable at the address of their digest")
    func assets() async throws {
        try await web { client, digest in
            for (name, type) in [
                ("app.js", "text/javascript; charset=utf-8"), ("lib/a.js", "text/javascript; charset=utf-8"),
                ("app.css", "text/css; charset=utf-8"),
            ] {
                let reply = try await client.get("/static/\(digest)/\(name)")
                #expect(reply.status == 200 && reply.headers[.contentType] == type)
                #expect(reply.headers[.cacheControl] == "public, max-age=31536000, immutable")
                #expect(reply.headers[.xContentTypeOptions] == "nosniff")
            }
        }
    }

    @Test("a changed asset changes every address")
    func changedAsset() throws {
        let before = try Site(folder: folder).digest
        #expect(try Site(folder: folder).digest == before)
        try "2".write(toFile: folder.appending("assets/lib/a.js").string, atomically: false, encoding: .utf8)
        #expect(try Site(folder: folder).digest != before)
    }

    @Test("an unchanged file is 304, HEAD has the headers and no body, other methods are 405")
    func conditions() async throws {
        try await web { client, _ in
            let first = try await client.get("/")
            let tag = try #require(first.headers[.eTag])
            for value in [tag, "\"x\", W/\(tag)", "*"] {
                let again = try await client.get("/", headers: [.ifNoneMatch: value])
                #expect(again.status == 304 && again.bytes.isEmpty && again.headers[.eTag] == tag)
            }
            #expect(try await client.get("/", headers: [.ifNoneMatch: "\"x\""]).status == 200)
            let head = try await client.send(.head, "/favicon.svg")
            #expect(head.status == 200 && head.bytes.isEmpty && head.headers[.contentType] == "image/svg+xml")
            #expect(head.headers[.contentLength] == "6")
            let post = try await client.send(.post, "/")
            #expect(post.status == 405 && post.headers[.allow] == "GET, HEAD")
        }
    }

    @Test(
        "nothing hidden, linked, outside, unknown or of another digest is served",
        arguments: [
            "/.env", "/assets/app.js", "/static/0000000000000000/app.js", "/static/DIGEST/.map",
            "/static/DIGEST/none.js",
            "/link.txt", "/nothing.js", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd",
            "/static/DIGEST/../../.env", "/static/DIGEST/%2e%2e/%2e%2e/.env", "/%", "/%zz", "/%ff", "/api/scans",
            "/api",
            "/static/DIGEST/app", "/.git/config", "/a/.b",
        ])
    func refused(path: String) async throws {
        try await web { client, digest in
            let reply = try await client.get(path.replacing("DIGEST", with: digest))
            #expect(reply.status == 404 && reply.text == "there is nothing here\n")
        }
    }

    @Test("a folder without an index.html is refused in a sentence")
    func noPage() throws {
        try FileManager.default.removeItem(atPath: folder.appending("index.html").string)
        let error = #expect(throws: OperatorError.self) { try Site(folder: folder) }
        #expect(error?.exit == .usage && error?.description.contains("no index.html") == true)
    }
}
