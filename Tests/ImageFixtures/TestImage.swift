/// An image of a few layers, as different tools would save it.
package struct TestImage {
    /// Tars, the lowest first.
    package var layers: [[UInt8]]
    /// The fields of `config`, as JSON.
    package var config: String
    /// The elements of `history`, as JSON.
    package var history: [String]
    package var name: String?
    /// What each layer claims to be, where it lies.
    package var digests: [String]?

    package init(_ layers: [Tar], config: String = "{}", history: [String] = [], name: String? = "test:1") {
        self.layers = layers.map(\.closed)
        self.config = config
        self.history = history
        self.name = name
    }

    package var configuration: [UInt8] {
        let digests = (digests ?? layers.map { "sha256:\(sha256($0))" }).map { "\"\($0)\"" }.joined(separator: ",")
        return Array(
            """
            {"architecture":"amd64","os":"linux","config":\(config),"history":[\(history.joined(separator: ","))],\
            "rootfs":{"type":"layers","diff_ids":[\(digests)]}}
            """.utf8)
    }

    /// As `docker save` wrote it before Docker 25: a folder for each layer.
    package func docker(filter: Filter = .none) -> [UInt8] {
        var tar = Tar()
        let config = "\(sha256(configuration)).json"
        let files = layers.indices.map { "layer-\($0)/layer.tar" }
        for (file, layer) in zip(files, layers) { tar.add(file, layer) }
        tar.add(config, configuration)
        tar.add("manifest.json", Array(manifest(config, files).utf8))
        return filter.packed(tar.closed)
    }

    /// As `skopeo copy … oci-archive:` and buildx write it.
    package func oci(layers filter: Filter = .gzip, archive: Filter = .none, withDocker: Bool = false) -> [UInt8] {
        var tar = Tar()
        func descriptor(_ bytes: [UInt8], _ more: String = "") -> String {
            "{\"digest\":\"sha256:\(sha256(bytes))\",\"size\":\(bytes.count)\(more)}"
        }
        func blob(_ bytes: [UInt8]) -> String { "blobs/sha256/\(sha256(bytes))" }
        let packed = layers.map(filter.packed)
        let document = Array(
            """
            {"schemaVersion":2,"config":\(descriptor(configuration)),"layers":[\(packed.map { descriptor($0) }.joined(separator: ","))]}
            """.utf8)
        let annotations = name.map { ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"\($0)\"}" } ?? ""
        tar.add("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}")
        tar.add("index.json", "{\"schemaVersion\":2,\"manifests\":[\(descriptor(document, annotations))]}")
        var written: Set<String> = []
        for bytes in [document, configuration] + packed where written.insert(blob(bytes)).inserted {
            tar.add(blob(bytes), bytes)
        }
        if withDocker { tar.add("manifest.json", Array(manifest(blob(configuration), packed.map(blob)).utf8)) }
        return archive.packed(tar.closed)
    }

    private func manifest(_ config: String, _ files: [String]) -> String {
        let layers = files.map { "\"\($0)\"" }.joined(separator: ",")
        return "[{\"Config\":\"\(config)\",\"RepoTags\":[\(name.map { "\"\($0)\"" } ?? "")],\"Layers\":[\(layers)]}]"
    }
}
