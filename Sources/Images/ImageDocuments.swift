import FoundationEssentials

/// `manifest.json`, as `docker save` writes it (docker image spec v1.2, "Combined Image JSON + Filesystem Changeset").
struct DockerManifest: Decodable {
    let config: String
    let tags: [String]?
    let layers: [String]

    enum CodingKeys: String, CodingKey {
        case config = "Config"
        case tags = "RepoTags"
        case layers = "Layers"
    }
}

/// What points to a blob (OCI image spec 1.1, descriptor.md).
struct Descriptor: Decodable {
    struct Platform: Decodable {
        let architecture: String?
        let os: String?
    }

    let mediaType: String?
    let digest: String
    let size: Int64
    let annotations: [String: String]?
    let platform: Platform?

    /// What builders put beside images: signatures and provenance, for no platform.
    var isAttestation: Bool { annotations?["vnd.docker.reference.type"] != nil || platform?.architecture == "unknown" }

    var name: String? {
        annotations?["io.containerd.image.name"] ?? annotations?["org.opencontainers.image.ref.name"]
    }
}

/// An index or a manifest: what has `manifests` is an index (OCI image spec 1.1, image-index.md, manifest.md).
struct OCIDocument: Decodable {
    let manifests: [Descriptor]?
    let config: Descriptor?
    let layers: [Descriptor]?
}

/// What an image says about itself (OCI image spec 1.1, config.md).
package struct ImageConfiguration: Decodable, Sendable {
    package struct Settings: Decodable, Sendable {
        let user: String?
        let variables: [String]?
        let ports: [String: Nothing]?
        let labels: [String: String]?
        let healthcheck: Healthcheck?

        enum CodingKeys: String, CodingKey {
            case user = "User"
            case variables = "Env"
            case ports = "ExposedPorts"
            case labels = "Labels"
            case healthcheck = "Healthcheck"
        }
    }

    struct Nothing: Decodable, Sendable {}

    struct Healthcheck: Decodable, Sendable {
        let test: [String]?

        enum CodingKeys: String, CodingKey { case test = "Test" }
    }

    struct Step: Decodable, Sendable {
        let command: String?
        let comment: String?

        enum CodingKeys: String, CodingKey {
            case command = "created_by"
            case comment
        }
    }

    struct RootFS: Decodable, Sendable {
        /// Of the layers unpacked, the lowest first.
        let digests: [String]

        enum CodingKeys: String, CodingKey { case digests = "diff_ids" }
    }

    let architecture: String?
    let os: String?
    let variant: String?
    let config: Settings?
    let rootfs: RootFS
    let history: [Step]?

    package var platform: String {
        [os, architecture, variant].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: "/")
    }
}

/// Reads a document; the reason is a sentence without the document's own words.
func document<Value: Decodable>(_ type: Value.Type, _ bytes: [UInt8], named name: String) throws(ImageError) -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(bytes))
    } catch DecodingError.keyNotFound(let key, _) {
        throw .badDocument(name, because: "the field '\(key.stringValue)' is missing")
    } catch DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context) {
        throw .badDocument(name, because: "'\(context.codingPath.last?.stringValue ?? "all of it")' has the wrong type")
    } catch {
        throw .badDocument(name, because: "it is not JSON")
    }
}
