import CoreTypes
import HTTPTypes
import Hummingbird
import NIOCore

/// A ZIP or an image comes in, streamed to disk piece by piece, and becomes a scan.
enum UploadRoutes {
    static let endpoints = [
        endpoint(
            "/api/code/upload-scan", .code, "Takes a ZIP of at most 500 MiB, and scans it.",
            types: ["application/zip", "application/x-zip-compressed", "application/octet-stream"],
            advice: "send the ZIP as application/zip, or as the file of a multipart/form-data body"),
        endpoint(
            "/api/containers/upload-scan", .container,
            "Takes a container image of at most 500 MiB, as docker save, podman save or skopeo write it, and scans it.",
            types: [
                "application/x-tar", "application/gzip", "application/x-gzip", "application/zstd",
                "application/octet-stream",
            ], advice: "send the image as application/x-tar, or as the file of a multipart/form-data body"),
    ]

    private static func endpoint(
        _ path: String, _ kind: ScanKind, _ summary: String, types: [String], advice: String
    ) -> Endpoint {
        let fileName = Operation.Parameter(
            name: "file_name", description: "What the file is called, where it is not in a form.",
            schema: ["type": "string"])
        return Endpoint(
            .post, path, .scope(.write),
            Operation(
                summary, parameters: [fileName], body: .file(types: types), status: 202, .json("Accepted"),
                refusals: [507])
        ) { services, request, context in
            try await upload(kind, multipart(request, types, advice), services, request, context)
        }
    }

    private struct Accepted: Encodable {
        let scanId: ScanID
    }

    private struct Received {
        var bytes: Int64 = 0
        var fileName: String?
    }

    private static func upload(
        _ kind: ScanKind, _ multipart: MultipartFile?, _ services: Services, _ request: Request, _ context: APIContext
    ) async throws -> Response {
        let user = try context.signedIn()
        let announced = request.headers[.contentLength].flatMap { Int64($0) }
        if let announced, announced > services.largestUpload { throw Refusal.tooLarge(services.largestUpload) }

        let id = ScanID.random()
        let file = try await PartialFile(services.data.partialUpload(id), becoming: services.data.upload(id))
        let received: Received
        do {
            received = try await receive(request.body, multipart, into: file, atMost: services.largestUpload, announced)
            try await file.keep()
        } catch {
            file.discard()
            throw error
        }
        let name = received.fileName ?? request.uri.queryParameters["file_name"].map(String.init)
        do {
            try await services.store.create(
                Scan(
                    id: id, userID: user.id, kind: kind, fileName: name.flatMap(shown), uploadBytes: received.bytes,
                    createdAt: services.time.now()))
        } catch {
            services.data.removeFiles(of: id)
            throw error
        }
        do {
            try await services.queue.add(Job(scan: id), to: .scan)
        } catch {
            // Who is refused has started nothing. A crash before this line loses nothing either: upkeep adds the job of a
            // scan that has none.
            try await services.store.remove(id)
            services.data.removeFiles(of: id)
            throw error
        }
        return try JSON.reply(Accepted(scanId: id), status: .accepted)
    }

    private static func multipart(_ request: Request, _ types: [String], _ advice: String) throws -> MultipartFile? {
        let type = request.headers[.contentType] ?? ""
        let media = type.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        if types.contains(media) { return nil }
        guard media == "multipart/form-data", let multipart = MultipartFile(contentType: type) else {
            throw Refusal(.unsupportedMediaType, advice)
        }
        return multipart
    }

    private static func receive(
        _ body: RequestBody, _ multipart: MultipartFile?, into file: PartialFile, atMost limit: Int64,
        _ announced: Int64?
    ) async throws -> Received {
        var multipart = multipart
        var received = Received()
        var total: Int64 = 0
        do {
            for try await piece in body {
                total += Int64(piece.readableBytes)
                // The envelope of a multipart body counts as well: what matters is that there is an end.
                guard total <= limit else { throw Refusal.tooLarge(limit) }
                let content = try multipart?.feed(piece) ?? piece
                guard content.readableBytes > 0 else { continue }
                received.bytes += Int64(content.readableBytes)
                try await file.append(content)
            }
            try multipart?.finish()
        } catch let error as MultipartFile.Malformed {
            throw Refusal(.badRequest, error.sentence)
        }
        try Task.checkCancellation()
        // A connection that breaks may look like the end of the body.
        if let announced, announced != total { throw Refusal(.badRequest, "the upload ends early") }
        received.fileName = multipart?.fileName
        return received
    }

    /// The last component, short and printable: it is shown to people and means nothing to us.
    private static func shown(_ name: String) -> String? {
        let last = name.split { $0 == "/" || $0 == "\\" }.last ?? ""
        let clean = last.unicodeScalars.filter { $0.value >= 0x20 && $0.value != 0x7F }.prefix(200)
        return clean.isEmpty ? nil : String(String.UnicodeScalarView(clean))
    }
}

extension MultipartFile.Malformed {
    fileprivate var sentence: String {
        switch self {
        case .header: "a part of the multipart body has no readable header"
        case .endsEarly: "the multipart body ends early"
        case .noFile: "the multipart body has no file"
        }
    }
}
