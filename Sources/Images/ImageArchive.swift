import Archives
package import SystemPackage

/// An image in an archive, and what it says about itself; every document and blob has the digest it is known by.
///
/// Three tools write such archives, in two forms: docker's, with a `manifest.json`, and OCI's, with an `index.json`; since
/// Docker 25 an archive has both.
package struct ImageArchive: Sendable {
    /// One layer: the file in the archive, and what it has to unpack to.
    struct Layer: Sendable, Equatable {
        let file: String
        /// Of the layer unpacked, as the configuration names it.
        let digest: Digest
    }

    let path: FilePath
    /// As in `nginx:1.27`; `nil` where the archive names none.
    package let name: String?
    /// Of the manifest, or, in docker's form, of the configuration: docker's image ID.
    package let digest: Digest
    package let configuration: ImageConfiguration
    /// The lowest first.
    let layers: [Layer]
    /// Of the archive, in bytes.
    let size: Int64

    package init(_ path: FilePath, limits: ImageLimits = ImageLimits(), isCancelled: @escaping () -> Bool) throws {
        let index = try imageErrors {
            try withArchiveNames { try ArchiveIndex(path, limits: limits, isCancelled: isCancelled) }
        }
        try Self.checkNames(of: index)
        let candidate = try Self.candidate(in: index)
        guard candidate.layers.count <= limits.layers else { throw ImageError.tooManyLayers(limit: limits.layers) }
        configuration = try index.document(ImageConfiguration.self, candidate.config, namedBy: candidate.source)
        let digests = configuration.rootfs.digests
        guard digests.count == candidate.layers.count else {
            throw ImageError.layerCount(layers: candidate.layers.count, digests: digests.count)
        }
        layers = try zip(candidate.layers, digests).map { file, text in
            guard let found = index.file(file) else { throw ImageError.missing(file, namedBy: candidate.source) }
            guard let digest = Digest(text) else {
                throw ImageError.badDocument(candidate.config, because: "a layer's digest is no SHA-256")
            }
            return Layer(file: found, digest: digest)
        }
        self.path = path
        name = candidate.name.map { printable($0) }
        digest = candidate.digest
        size = index.size
    }

    /// Name, platform, digest and layers, for people.
    package var summary: String {
        let platform = configuration.platform
        return [
            name ?? "an image without a name", platform.isEmpty ? nil : printable(platform), digest.description,
            "\(layers.count) layer\(layers.count == 1 ? "" : "s")",
        ].compactMap { $0 }.joined(separator: ", ")
    }

    // MARK: Finding it

    private struct Candidate {
        let name: String?
        let digest: Digest
        let config: String
        let layers: [String]
        let source: String
    }

    private static let manifest = "manifest.json"
    private static let index = "index.json"
    private static let deepest = 4

    /// A file whose name is a digest has that digest.
    private static func checkNames(of index: ArchiveIndex) throws {
        for (name, found) in index.digests {
            let last = name.split(separator: "/").last ?? ""
            let stem = last.hasSuffix(".json") ? last.dropLast(5) : last
            guard let stated = Digest(hexadecimal: stem) else { continue }
            guard found == stated else {
                throw ImageError.wrongDigest(name, stated: "\(stated)", found: "\(found)")
            }
        }
    }

    private static func candidate(in index: ArchiveIndex) throws -> Candidate {
        let docker = index.has(manifest) ? try docker(index) : nil
        guard index.has(Self.index) else {
            guard let docker else { throw ImageError.noImage }
            return docker
        }
        var found: [Candidate] = []
        let document = try index.document(OCIDocument.self, Self.index, namedBy: Self.index)
        try oci(document, index, depth: 0, into: &found)
        guard let docker else {
            guard let only = found.first else { throw ImageError.noImage }
            guard found.count == 1 else { throw ImageError.several(found.count) }
            return only
        }
        // Whichever of them a tool believes, it must get the image that was scanned.
        guard found.contains(where: { index.file($0.config) == index.file(docker.config) }) else {
            throw ImageError.contradiction("its \(manifest) and its \(Self.index) name different images")
        }
        return docker
    }

    private static func docker(_ index: ArchiveIndex) throws -> Candidate {
        let manifests = try index.document([DockerManifest].self, manifest, namedBy: manifest)
        guard let only = manifests.first else { throw ImageError.noImage }
        guard manifests.count == 1 else { throw ImageError.several(manifests.count) }
        guard let file = index.file(only.config), let digest = index.digests[file] else {
            throw ImageError.missing(only.config, namedBy: manifest)
        }
        return Candidate(
            name: only.tags?.first, digest: digest, config: only.config, layers: only.layers, source: manifest)
    }

    private static func oci(_ document: OCIDocument, _ index: ArchiveIndex, depth: Int, into found: inout [Candidate])
        throws
    {
        guard depth < deepest else {
            throw ImageError.badDocument(Self.index, because: "its indexes are nested too deeply")
        }
        for descriptor in (document.manifests ?? []) where !descriptor.isAttestation {
            let digest = try digest(of: descriptor)
            let file = blob(digest)
            // An index of several platforms may name what was not saved with it.
            guard index.has(file) else { continue }
            let inner = try index.document(OCIDocument.self, file, namedBy: Self.index)
            guard let config = inner.config else {
                try oci(inner, index, depth: depth + 1, into: &found)
                continue
            }
            found.append(
                Candidate(
                    name: descriptor.name, digest: digest, config: blob(try Self.digest(of: config)),
                    layers: try (inner.layers ?? []).map { blob(try Self.digest(of: $0)) }, source: file))
            guard found.count <= 64 else { throw ImageError.several(found.count) }
        }
    }

    private static func digest(of descriptor: Descriptor) throws -> Digest {
        guard let digest = Digest(descriptor.digest) else {
            throw ImageError.badDocument(
                index, because: "it names '\(printable(descriptor.digest))', which is no SHA-256")
        }
        return digest
    }

    private static func blob(_ digest: Digest) -> String { "blobs/sha256/\(digest.hexadecimal)" }
}

/// What archives throw, as what images throw; what the machine is to blame for stays as it is.
func imageErrors<Value>(_ work: () throws -> Value) throws -> Value {
    do { return try work() } catch let error as ArchiveError where !error.isOfMachine {
        throw ImageError.archive(error)
    } catch is SparseContent {
        throw ImageError.archive(.corrupt(because: "a file in it has holes"))
    }
}
