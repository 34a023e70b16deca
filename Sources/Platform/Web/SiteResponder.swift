import HTTPTypes
package import Hummingbird
import NIOCore

/// Serves the console: GET and HEAD, revalidation by ETag, and the headers a browser should see.
package struct SiteResponder: HTTPResponder {
    private let site: Site

    package init(site: Site) { self.site = site }

    package func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        guard request.method == .get || request.method == .head else {
            return Self.text("only GET and HEAD are served here\n", status: .methodNotAllowed, [.allow: "GET, HEAD"])
        }
        guard let path = request.uri.path.removingPercentEncoding(), let file = site.file(at: path) else {
            return Self.text("there is nothing here\n", status: .notFound, [:])
        }
        var headers = Self.common
        headers[.contentType] = file.contentType
        headers[.eTag] = file.etag
        headers[.cacheControl] = file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache"
        if Self.matches(request.headers[values: .ifNoneMatch], file.etag) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentLength] = "\(file.bytes.count)"
        guard request.method == .get else { return Response(status: .ok, headers: headers) }
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }

    /// The console runs its own scripts and styles and talks to its own origin: everything else is refused.
    private static let common: HTTPFields = [
        .contentSecurityPolicy:
            "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
        .xContentTypeOptions: "nosniff",
        HTTPField.Name("Referrer-Policy")!: "no-referrer",
    ]

    private static func matches(_ values: [String], _ etag: String) -> Bool {
        values.joined(separator: ",").split(separator: ",").contains { value in
            let tag = value.filter { !$0.isWhitespace }
            return tag == etag || tag == "W/\(etag)" || tag == "*"
        }
    }

    private static func text(_ text: String, status: HTTPResponse.Status, _ more: HTTPFields) -> Response {
        var headers = common
        for field in more { headers.append(field) }
        headers[.contentType] = "text/plain; charset=utf-8"
        headers[.cacheControl] = "no-store"
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

extension String {
    /// `nil` where a percent sign is not followed by two digits, or where the bytes are not UTF-8.
    func removingPercentEncoding() -> String? {
        guard contains("%") else { return self }
        var bytes: [UInt8] = []
        var rest = utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16), rest.count >= 2
            else {
                return nil
            }
            bytes.append(decoded)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
