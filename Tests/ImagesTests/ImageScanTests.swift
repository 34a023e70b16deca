import ImageFixtures
import Scanning
import Testing

@testable import Images

@Suite("Images")
struct ImageScanTests {
    private static func layered() -> TestImage {
        var lower = Tar()
        lower.add("etc/", type: "5")
        lower.add("etc/os-release", "ID=debian\nVERSION_ID=\"10\"\nPRETTY_NAME=\"Debian 10\"\n")
        lower.add("./app/.env", "AWS=\(plantedKey)\n", mode: 0o600)
        lower.add("app/kept.env", "KEY=\(plantedKey)\n")
        lower.add("usr/bin/su", [1, 0, 2], mode: 0o4755)
        lower.add("usr/bin/gone", [1, 0, 2], mode: 0o4755)
        lower.add("srv/open", "x", mode: 0o666)
        lower.add("tmp/", type: "5")
        var upper = Tar()
        upper.add("app/.wh..env")
        upper.add("usr/bin/.wh.gone")
        upper.add("srv/drop/", mode: 0o777, type: "5")
        upper.add("tmp/", mode: 0o1777, type: "5")
        return TestImage([lower, upper])
    }

    @Test(
        "each way to save an image is read, and tells the same",
        arguments: Filter.allCases.map { (["docker", "oci", "both"], $0) }.flatMap { pair in pair.0.map { ($0, pair.1) }
        })
    func forms(form: String, filter: Filter) throws {
        let image = Self.layered()
        let bytes =
            switch form {
            case "docker": image.docker(filter: filter)
            case "oci": image.oci(layers: filter, archive: filter)
            default: image.oci(layers: .none, archive: filter, withDocker: true)
            }
        let saved = try SavedImage(bytes)
        let archive = try ImageArchive(saved.path, isCancelled: { false })
        #expect(archive.summary.hasPrefix("test:1, linux/amd64, sha256:") && archive.summary.hasSuffix(", 2 layers"))
        if form != "oci" { #expect(archive.digest.hexadecimal == sha256(image.configuration)) }
        let (secrets, summary) = try saved.secrets()
        #expect(secrets.map(\.path) == ["app/.env", "app/kept.env"])
        #expect(secrets.map { $0.excerpt.contains("gone from the image") } == [true, false])
        #expect(secrets.allSatisfy { $0.excerpt.contains("layer sha256:\(sha256(image.layers[0]))") })
        #expect(secrets.allSatisfy { !$0.excerpt.contains(plantedKey) })
        #expect(Set(secrets.map(\.fingerprint)).count == 2)
        // os-release, two of the environment, one that is writable, two that are no text
        #expect(summary.files == 4 && summary.skipped == [.binary: 2])
    }

    @Test("what is wrong with an image is found where it stands, and what a later layer removed is not")
    func configuration() throws {
        var image = Self.layered()
        image.config = """
            {"User":"","Env":["PATH=/bin","API_KEY=\(plantedKey)"],"ExposedPorts":{"22/tcp":{},"80/tcp":{}},\
            "Labels":{"token":"\(plantedKey)"}}
            """
        image.history = [
            "{\"created_by\":\"/bin/sh -c #(nop) ADD file:abc in / \"}",
            "{\"created_by\":\"ADD https://user:hunter2@example.org/x.tar?t=1 /x # buildkit\"}",
            "{\"created_by\":\"RUN /bin/sh -c apt-get update # buildkit\"}",
            "{\"created_by\":\"RUN /bin/sh -c apt-get update && apt-get install -y curl\"}",
            "{\"created_by\":\"ARG KEY=\(plantedKey)\"}",
        ]
        let found = try SavedImage(image.docker()).configuration()
        let places = found.map { "\($0.rule) \($0.path):\($0.line)" }
        #expect(
            places == [
                "image-no-user /config:1", "image-ssh-port /config:1", "image-no-healthcheck /config:1",
                "image-remote-add /config/history:2", "image-update-alone /config/history:3",
                "image-end-of-life etc/os-release:1", "image-aws-access-key-id /config/env:2",
                "image-aws-access-key-id /config/labels:1",
                "image-aws-access-key-id /config/history:5", "image-setuid usr/bin/su:1",
                "image-world-writable srv/open:1", "image-world-writable srv/drop:1",
            ])
        #expect(Set(found.map(\.fingerprint)).count == found.count)
        #expect(!found.contains { $0.excerpt.contains(plantedKey) || $0.excerpt.contains("hunter2") })
        #expect(found.first { $0.rule == "image-end-of-life" }?.excerpt == "Debian 10, until 2024-06-30")
        // The same scan has the same fingerprints, in whatever form the image was saved.
        #expect(try SavedImage(image.oci()).configuration().map(\.fingerprint) == found.map(\.fingerprint))
    }

    @Test("an image that is made well has no finding")
    func clean() throws {
        var layer = Tar()
        layer.add("etc/os-release", "ID=debian\nVERSION_ID=12\n")
        layer.add("etc/shadow", "root:*:1:0::::\napp:!:1:::::\n", mode: 0o640)
        layer.add("etc/passwd", "root:x:0:0:root:/:/bin/sh\napp:x:1:1::/:/bin/sh\n")
        let image = TestImage([layer], config: #"{"User":"app","Healthcheck":{"Test":["CMD","true"]}}"#)
        let saved = try SavedImage(image.oci())
        #expect(try saved.configuration() == [])
        #expect(try saved.secrets().findings == [])
    }

    @Test("accounts without a password and second roots are found")
    func accounts() throws {
        var layer = Tar()
        layer.add("etc/shadow", "root::1:0::::\n", mode: 0o640)
        layer.add("etc/passwd", "root:x:0:0:root:/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n")
        let image = TestImage([layer], config: #"{"User":"0:0","Healthcheck":{"Test":["CMD","true"]}}"#)
        #expect(
            try SavedImage(image.oci()).configuration().map(\.rule) == [
                "image-root-user", "image-empty-password", "image-second-root",
            ])
    }

    @Test(
        "the end of life is the day after the last with fixes",
        arguments: [
            ("debian", "11", "2026-08-31"), ("ubuntu", "20.04", "2025-05-31"), ("alpine", "3.19.4", "2025-11-01"),
            ("alpine", "3.1.0", "2016-11-01"), ("debian", "99", nil), ("arch", "1", nil),
        ])
    func endOfLife(distribution: String, version: String, date: String?) {
        #expect(EndOfLife.date(of: distribution, version) == date)
    }

    @Test("whiteouts hide files, folders and, opaque, what is in a folder; a file takes the place of a folder")
    func whiteouts() throws {
        var lower = Tar()
        for name in ["a/x", "b/c/x", "d/x", "e/x", "f/x", "g/x"] { lower.add(name, [0], mode: 0o4755) }
        var upper = Tar()
        upper.add("a/.wh.x")
        upper.add("b/.wh.c")
        upper.add("d/.wh..wh..opq")
        upper.add("e", "now a file")
        upper.add("g/.wh.xx")
        let found = try SavedImage(TestImage([lower, upper]).oci()).configuration()
        #expect(found.filter { $0.rule == "image-setuid" }.map(\.path) == ["f/x", "g/x"])
    }

    @Test("a layer that is in the image twice is read once, and seen where it lies last")
    func repeated() throws {
        var layer = Tar()
        layer.add("a", [0], mode: 0o4755)
        var removing = Tar()
        removing.add(".wh.a")
        let image = TestImage([layer, removing, layer])
        #expect(try SavedImage(image.oci()).configuration().contains { $0.rule == "image-setuid" })
    }
}
