import Foundation
import ImageFixtures
import Scanning
import Testing

@testable import Images

@Suite("Hostile images")
struct HostileImageTests {
    private func complaint(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws -> String {
        let saved = try SavedImage(bytes)
        do {
            _ = try saved.configuration(limits: limits)
            return "nothing"
        } catch let error as ImageError {
            return error.description
        }
    }

    private static func layer(_ build: (inout Tar) -> Void) -> [Tar] {
        var tar = Tar()
        build(&tar)
        return [tar]
    }

    @Test("a flipped byte anywhere in a layer, a manifest or a configuration is told, with the digests")
    func flipped() throws {
        var tar = Tar()
        tar.add("app/code", [UInt8](repeating: 7, count: 2000))
        let image = TestImage([tar])
        let whole = image.oci()
        for blob in [image.configuration, Filter.gzip.packed(image.layers[0])] {
            let start = try #require(whole.firstRange(of: blob)).lowerBound
            var damaged = whole
            damaged[start + blob.count / 2] ^= 1
            #expect(try complaint(damaged).contains("is damaged: it should have the digest sha256:\(sha256(blob))"))
        }
        // In docker's older form only the configuration says what a layer is.
        var docker = image.docker()
        let start = try #require(docker.firstRange(of: image.layers[0])).lowerBound
        docker[start + 700] ^= 1
        #expect(try complaint(docker).contains("it should have the digest sha256:\(sha256(image.layers[0]))"))
    }

    @Test(
        "a path that leaves the image is refused",
        arguments: ["../etc/passwd", "a/../../b", "a/..", ".wh...", "x/.wh.."])
    func escapes(path: String) throws {
        let text = try complaint(TestImage(Self.layer { $0.add(path, "x") }).oci())
        #expect(text.hasPrefix("the layer sha256:"), "\(text)")
    }

    @Test("links in layers lead nowhere, and devices are passed over")
    func links() throws {
        let image = TestImage(
            Self.layer {
                $0.add("etc/shadow", type: "2", target: "/etc/shadow")
                $0.add("etc/os-release", type: "2", target: "../../../../../../etc/os-release")
                $0.add("etc/passwd", type: "1", target: "/etc/passwd")
                $0.add("dev/sda", mode: 0o666, type: "4")
            }, config: #"{"User":"app","Healthcheck":{"Test":["CMD","true"]}}"#)
        let saved = try SavedImage(image.oci())
        #expect(try saved.configuration() == [])
        #expect(try saved.secrets().summary.skipped == [.link: 3, .special: 1])
    }

    @Test("links between the archive's own files are followed inside of it, and nowhere else")
    func archiveLinks() throws {
        let image = TestImage(Self.layer { $0.add("x", [0], mode: 0o4755) })
        func archive(_ target: String) -> [UInt8] {
            var tar = Tar()
            tar.add("one/layer.tar", image.layers[0])
            tar.add("two/layer.tar", type: "2", target: target)
            tar.add("c.json", image.configuration)
            tar.add("manifest.json", #"[{"Config":"c.json","RepoTags":null,"Layers":["two/layer.tar"]}]"#)
            return tar.closed
        }
        #expect(try SavedImage(archive("../one/layer.tar")).configuration().contains { $0.rule == "image-setuid" })
        for target in ["../../one/layer.tar", "/etc/passwd", "../../../etc/passwd"] {
            #expect(try complaint(archive(target)).contains("names a path outside of its folder"))
        }
        #expect(try complaint(archive("../three/layer.tar")).contains("which is not in the archive"))
        #expect(try complaint(archive("layer.tar")).contains("which is not in the archive"))
    }

    @Test("10,000 layers, 10,000 files and a million entries are too many")
    func many() throws {
        let one = Tar().closed
        var image = TestImage([Tar()])
        image.layers = Array(repeating: one, count: 10_000)
        #expect(try complaint(image.oci()) == "the image has more than 512 layers")
        var tar = Tar()
        for number in 0..<5000 { tar.add("f\(number)", "") }
        #expect(try complaint(tar.closed) == "the archive contains more than 4096 files and directories")
        var limits = ImageLimits()
        limits.entries = 10
        let text = try complaint(
            TestImage(Self.layer { for n in 0..<11 { $0.add("f\(n)", "") } }).oci(), limits: limits)
        #expect(text == "the layers have more than 10 files, folders and links")
    }

    @Test("a layer that unpacks to far more than the archive is a bomb, however it is packed")
    func bomb() throws {
        let image = TestImage(Self.layer { $0.add("zeros", [UInt8](repeating: 0, count: 40 << 20)) })
        for bytes in [image.oci(layers: .zstd), image.docker(filter: .gzip)] {
            #expect(try complaint(bytes).hasSuffix("unpacks to more than 200 times its size"))
        }
        let twice = TestImage([Tar()])
        #expect(
            try complaint(Filter.gzip.packed(Filter.gzip.packed(twice.oci()))).contains("compressed more than once"))
    }

    @Test("documents that are too deep, too large, of the wrong type or no JSON are refused in a sentence")
    func documents() throws {
        func archive(_ manifest: String) -> [UInt8] {
            var tar = Tar()
            tar.add("manifest.json", manifest)
            return tar.closed
        }
        let deep = String(repeating: "[", count: 100_000)
        for (text, reason) in [
            (deep, "it is not JSON"), ("{", "it is not JSON"), ("[]", "it has neither"),
            (#"[{"Config":1,"Layers":[]}]"#, "'Config' has the wrong type"),
            (#"[{"Config":"x"}]"#, "the field 'Layers' is missing"),
            (#"[{"Config":"../../etc/passwd","Layers":[]}]"#, "which is not in the archive"),
            ("[" + String(repeating: " ", count: 5 << 20) + "]", "larger than 4 MiB"),
            (#"[{"Config":"a","Layers":[]},{"Config":"b","Layers":[]}]"#, "has 2 images"),
        ] { #expect(try complaint(archive(text)).contains(reason)) }
        #expect(try complaint(Array("hello".utf8)).contains("damaged"))
        #expect(try complaint([]).contains("is empty"))
        #expect(try complaint(Tar().closed).contains("neither a manifest.json nor an index.json"))
    }

    @Test("an archive whose two documents name different images is refused")
    func contradiction() throws {
        let good = TestImage(Self.layer { $0.add("good", "x") })
        let other = TestImage(Self.layer { $0.add("other", "x") })
        var tar = Tar()
        let oci = good.oci()
        // The OCI form of one, and docker's documents of the other beside it.
        let end = oci.count - 1024
        tar.add("layer.tar", other.layers[0])
        tar.add("c.json", other.configuration)
        tar.add("manifest.json", #"[{"Config":"c.json","RepoTags":[],"Layers":["layer.tar"]}]"#)
        #expect(try complaint(Array(oci[..<end]) + tar.closed).contains("name different images"))
    }

    @Test("a file that is in the archive twice is refused: what was checked must be what is scanned")
    func twice() throws {
        var tar = Tar()
        tar.add("manifest.json", "[]")
        tar.add("./manifest.json", "[]")
        #expect(try complaint(tar.closed).contains("names the same path twice"))
    }

    @Test("a layer that is no tar, or cut off, is told")
    func noTar() throws {
        var image = TestImage([Tar()])
        image.layers = [Array("this is no tar at all".utf8)]
        #expect(try complaint(image.oci()).contains("cannot be read"))
        let whole = TestImage(Self.layer { $0.add("x", [UInt8](repeating: 65, count: 5000)) }).docker()
        #expect(try complaint(Array(whole[..<3000])) != "nothing")
    }
}
