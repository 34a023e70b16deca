import ImageFixtures
import Scanning
import Testing

@testable import Platform

@Suite("Uploads that are hostile images")
struct HostileUploadTests {
    struct Hostile: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let because: String
        let bytes: @Sendable () -> [UInt8]
    }

    private static func layer(_ build: (inout Tar) -> Void) -> TestImage {
        var tar = Tar()
        build(&tar)
        return TestImage([tar])
    }

    /// A good image with one more entry in its archive.
    private static func archive(_ build: (inout Tar) -> Void) -> [UInt8] {
        var tar = Tar()
        build(&tar)
        return tar.bytes + TestImage([Tar()]).docker()
    }

    /// Of bytes that no compression makes smaller.
    private static let good = layer {
        var state: UInt32 = 1
        let bytes = (0..<9000).map { _ in
            state = state &* 1_664_525 &+ 1_013_904_223
            return UInt8(state >> 24)
        }
        $0.add("etc/data", bytes)
    }

    private static func claiming(_ digest: String) -> TestImage {
        var image = good
        image.digests = [digest]
        return image
    }

    static let all =
        [
            Hostile(testDescription: "a whiteout of what is above", because: "it hides nothing") {
                layer { $0.add(".wh...", "") }.oci()
            },
            Hostile(testDescription: "a whiteout of nothing", because: "it hides nothing") {
                layer { $0.add("etc/.wh.", "") }.docker()
            },
            Hostile(testDescription: "a layer's path upwards", because: "it leads out of the image") {
                layer { $0.add("../../../../tmp/escaped", "x") }.oci()
            },
            Hostile(testDescription: "an archive's path upwards", because: "names a path outside of its folder") {
                archive { $0.add("../../../../tmp/escaped", "x") }
            },
            Hostile(testDescription: "an archive's absolute path", because: "absolute path") {
                archive { $0.add("/tmp/escaped", "x") }
            },
            Hostile(testDescription: "an archive's link to /etc", because: "names a path outside of its folder") {
                archive { $0.add("config", type: "2", target: "/etc") }
            },
            Hostile(
                testDescription: "an archive's hard link to /etc/shadow", because: "names a path outside of its folder"
            ) {
                archive { $0.add("config", type: "1", target: "/etc/shadow") }
            },
            Hostile(testDescription: "an archive's device", because: "contains a device, pipe or socket") {
                archive { $0.add("sda", type: "4") }
            },
            Hostile(testDescription: "a layer with another digest", because: "it should have the digest sha256:000000")
            {
                claiming("sha256:" + String(repeating: "0", count: 64)).docker()
            },
            Hostile(testDescription: "a layer with no digest", because: "is no SHA-256") { claiming("md5:0").docker() },
            Hostile(testDescription: "a blob with another name", because: "it should have the digest") {
                var bytes = good.oci(layers: .none)
                bytes[bytes.firstRange(of: good.layers[0])!.lowerBound + 1000] ^= 1
                return bytes
            },
            Hostile(testDescription: "a gzip bomb", because: "200 times its size") {
                layer { $0.add("zeros", [UInt8](repeating: 0, count: 40 << 20)) }.docker(filter: .gzip)
            },
            Hostile(testDescription: "a gzip bomb in a layer", because: "200 times its size") {
                layer { $0.add("zeros", [UInt8](repeating: 0, count: 40 << 20)) }.oci()
            },
            Hostile(testDescription: "10,000 layers", because: "more than 512 layers") {
                var image = TestImage([Tar()])
                image.layers = Array(repeating: Tar().closed, count: 10_000)
                return image.oci()
            },
            Hostile(testDescription: "nothing", because: "the archive is empty") { [] },
            Hostile(testDescription: "text", because: "the archive is ") { Array("this is no image".utf8) },
        ]
        + [100, 600, 2000, 5000, 9000].map { length in
            Hostile(testDescription: "an image cut after \(length) bytes", because: "the archive is damaged") {
                Array(good.docker().prefix(length))
            }
        }
        + [200, 2000].map { length in
            Hostile(testDescription: "an image in gzip cut after \(length) bytes", because: "the archive is damaged") {
                Array(good.docker(filter: .gzip).prefix(length))
            }
        } + [
            Hostile(testDescription: "a layer that is cut", because: "cannot be read") {
                var image = good
                image.layers[0] = Array(image.layers[0].prefix(5000))
                return image.oci()
            }
        ]

    @Test("end at once as failed scans that say why in a sentence, and leave nothing behind", arguments: all)
    func refused(hostile: Hostile) async throws {
        let bench = try Bench()
        let (id, _) = try await bench.uploadedImage(hostile.bytes())
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        _ = try await bench.imageEngine().runNext(stop: StopSignal())
        let scan = try #require(await bench.store.scan(id))
        let reason = scan.reason ?? ""
        #expect(scan.status == .failed && reason.contains(hostile.because), "\(scan.status): \(reason)")
        #expect(reason.hasPrefix("the image cannot be scanned: ") && reason.count < 400, "\(reason)")
        #expect(!reason.contains { $0.isNewline || $0 == "\u{1b}" } && !reason.contains("Error("), "\(reason)")
        #expect(scan.jobs.last?.status == .failed && scan.jobs.last?.reason == reason)
        #expect(try await bench.store.findings(of: id, after: nil, limit: 9).items.isEmpty)
        // Not tried again, and nothing of it is on the disk.
        for topic in [Topic.scan, .engine] {
            #expect(try await bench.queue.counts(of: topic) == QueueCounts(waiting: 0, held: 0, dead: 0))
        }
        #expect(try bench.uploads().isEmpty && bench.workspaces().isEmpty)
    }

    @Test("links to /etc, and files below them, are files of the image: nothing of this machine is read or written")
    func linked() async throws {
        let bench = try Bench()
        let image = Self.layer {
            $0.add("config", type: "2", target: "/etc")
            $0.add("config/passwd", "root::0:0::/:/bin/sh\n")
            $0.add("etc/passwd", type: "2", target: "/etc/passwd")
            $0.add("etc/os-release", type: "2", target: "/etc/os-release")
            $0.add("/etc/absolute", "x")
        }
        let (id, _) = try await bench.uploadedImage(image.oci())
        #expect(try await bench.worker().runNext(stop: StopSignal()))
        #expect(try await bench.imageEngine().runNext(stop: StopSignal()))
        let scan = try #require(await bench.store.scan(id))
        #expect(scan.status == .completed || scan.status == .partial, "\(scan.reason ?? "")")
        let rules = try await bench.store.findings(of: id, after: nil, limit: 99).items.map(\.rule)
        #expect(
            Set(rules) == ["image-no-user", "image-no-healthcheck"], "no account, and no release of this machine's")
        #expect(try bench.uploads().isEmpty && bench.workspaces().isEmpty)
    }
}
