import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOEmbedded
import SystemPackage
import Testing

@testable import Platform

@Suite("Uploads")
struct UploadTests {
    private static let path = "/api/code/upload-scan"
    private static let form = "multipart/form-data; boundary=XYZ"

    private static func multipart(_ content: [UInt8], name: String = "my code.zip") -> [UInt8] {
        Array("--XYZ\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n".utf8)
            + Array("--XYZ\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n".utf8)
            + Array("Content-Type: application/zip\r\n\r\n".utf8) + content + Array("\r\n--XYZ--\r\n".utf8)
    }

    @Test(
        "an upload is on disk, byte for byte and for this account only, and its scan waits in the queue",
        arguments: [
            "application/zip", "Application/ZIP; x=y", "multipart/form-data; boundary=XYZ",
            "multipart/form-data; boundary=\"XYZ\"",
        ])
    func accepted(type: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let content = Random.bytes(300_000)
        let body = type.hasPrefix("multipart") ? Self.multipart(content) : content
        let reply = try await bench.api { try await $0.upload(body, type: type, token: token) }
        #expect(reply.status == 202)
        let id = try #require(ScanID(reply.string("scan_id")))
        let path = bench.data.upload(id).string
        #expect(try Array(Data(contentsOf: URL(filePath: path))) == content)
        let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let scan = try #require(await bench.store.scan(id))
        #expect(scan.userID == user.id && scan.status == .queued && scan.uploadBytes == 300_000)
        #expect(scan.fileName == (type.hasPrefix("multipart") ? "my code.zip" : nil))
        #expect(try await bench.queue.claim(from: .scan, by: "w")?.job == Job(scan: id))
        #expect(try bench.uploads() == ["\(id).zip"])
    }

    @Test("a field named file is the file, also where it has no file name")
    func unnamed() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        let body = "--XYZ\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n--XYZ--\r\n"
        let reply = try await bench.api { try await $0.upload(Array(body.utf8), type: Self.form, token: token) }
        let id = try #require(ScanID(reply.string("scan_id")))
        #expect(try Data(contentsOf: URL(filePath: bench.data.upload(id).string)) == Data("abc".utf8))
    }

    @Test("a file name is shown without its folders and control characters, and never used")
    func fileNames() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        for (given, shown) in [("..%2F..%2Fetc%2Fa%0Ab.zip", "ab.zip"), ("C:%5Cx%5Cy.zip", "y.zip")] {
            let reply = try await bench.api {
                try await $0.upload([1], uri: "\(Self.path)?file_name=\(given)", token: token)
            }
            let id = try #require(ScanID(reply.string("scan_id")))
            #expect(try await bench.store.scan(id)?.fileName == shown)
        }
    }

    @Test("an upload above the limit is 413 and leaves no file, announced or not")
    func tooLarge() async throws {
        let bench = try Bench { $0.largestUpload = 1000 }
        let (_, token) = try await bench.setUp()
        try await bench.api { client in
            #expect(try await client.upload([UInt8](repeating: 1, count: 1000), token: token).status == 202)
            let announced = try await client.upload([UInt8](repeating: 1, count: 1001), token: token)
            #expect(announced.status == 413 && announced.detail == "the body is larger than 1000 bytes")
            let form = try await client.upload(
                Self.multipart([UInt8](repeating: 1, count: 999)), type: Self.form, token: token)
            #expect(form.status == 413)
        }
        #expect(try bench.uploads().count == 1)
    }

    @Test(
        "what is neither a ZIP nor a form is 415, a form without a whole file 400; no file is left",
        arguments: [
            ("", [UInt8]([1]), 415), ("text/plain", [1], 415), ("multipart/form-data", [1], 415),
            (form, [1], 400), (form, [], 400), (form, Array(multipart([1, 2, 3]).dropLast(12)), 400),
            (form, Array("--XYZ\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--XYZ--".utf8), 400),
            (form, Array("--XYZ\r\n".utf8) + [UInt8](repeating: 65, count: 20_000), 400),
        ])
    func refused(type: String, body: [UInt8], status: Int) async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        let reply = try await bench.api { try await $0.upload(body, type: type, token: token) }
        #expect(reply.status == status && reply.detail != nil)
        #expect(try bench.uploads().isEmpty)
        #expect(try await bench.queue.counts(of: .scan).waiting == 0)
    }

    @Test("a form is read the same, however its bytes are cut", arguments: [1, 2, 3, 7, 64, 1000])
    func pieces(size: Int) throws {
        // Content full of almost-boundaries.
        let content = Array("\r\n--XY\r\r\n--XYzZ\r\n-\r\n--".utf8) + Random.bytes(500) + Array("\r\n--XY".utf8)
        let body = Self.multipart(content)
        var parser = try #require(MultipartFile(contentType: Self.form))
        var read: [UInt8] = []
        for start in stride(from: 0, to: body.count, by: size) {
            let piece = try parser.feed(ByteBuffer(bytes: body[start..<min(start + size, body.count)]))
            read += Array(piece.readableBytesView)
        }
        try parser.finish()
        #expect(read == content)
        #expect(parser.fileName == "my code.zip")
    }

    @Test(
        "an upload that has not ended within its 900 s is 504, and leaves no file, no scan and no job",
        arguments: [(path, "application/zip"), ("/api/containers/upload-scan", "application/x-tar")])
    func endless(path: String, type: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let (body, feed) = RequestBody.makeStream()
        let head = HTTPRequest(
            method: .post, scheme: "http", authority: "localhost", path: path,
            headerFields: [.contentType: type, .authorization: "Bearer \(token)", .contentLength: "1000"])
        let context = APIContext(
            source: ApplicationRequestContextSource(channel: NIOAsyncTestingChannel(), logger: .silent))
        let answer = Task { [services = bench.services] in
            try await API.router(services).buildResponder().respond(
                to: Request(head: head, body: body), context: context)
        }
        await feed.yield(ByteBuffer(bytes: [1, 2, 3]))
        while try bench.uploads().isEmpty { await Task.yield() }
        await bench.clock.sleepers(1)
        bench.clock.advance(by: .seconds(899))
        #expect(try !bench.uploads().isEmpty)
        await bench.clock.sleepers(1)
        bench.clock.advance(by: .seconds(1))
        #expect(try await answer.value.status == .gatewayTimeout)
        #expect(try bench.uploads().isEmpty)
        #expect(try await bench.store.scans(of: user.id, matching: ScanFilter(), after: nil, limit: 9).items.isEmpty)
        #expect(try await bench.queue.counts(of: .scan).waiting == 0)
        feed.finish()
    }

    @Test("a full disk is said to be full")
    func fullDisk() async throws {
        // The kernel's own full device: every write fails with ENOSPC.
        let device = try SystemPackage.FileDescriptor.open("/dev/full", .writeOnly)
        let file = PartialFile(device, FilePath("/dev/null/nothing"), becoming: FilePath("/dev/null/nothing"))
        let refusal = await #expect(throws: Refusal.self) { try await file.append(ByteBuffer(string: "x")) }
        #expect(refusal?.status.code == 507)
        file.discard()
    }
}
