package import Archives

/// Why an archive is no image that can be scanned.
package enum ImageError: Error, Equatable, Sendable {
    case noImage
    case several(Int)
    case badDocument(String, because: String)
    case missing(String, namedBy: String)
    case wrongDigest(String, stated: String, found: String)
    case contradiction(String)
    case tooManyLayers(limit: Int)
    case layerCount(layers: Int, digests: Int)
    case badPath(String, layer: String, because: String)
    case tooManyEntries(limit: Int)
    case badLayer(String, because: String)
    case archive(ArchiveError)
}

extension ImageError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noImage:
            "the archive is no container image: it has neither a manifest.json nor an index.json (save one with docker save, podman save or skopeo copy)"
        case .several(let count):
            "the archive has \(count) images, and a scan is of one: save the one to scan, for one platform"
        case .badDocument(let name, let reason): "'\(printable(name))' in the archive cannot be used: \(reason)"
        case .missing(let name, let by): "\(printable(by)) names '\(printable(name))', which is not in the archive"
        case .wrongDigest(let name, let stated, let found):
            "'\(printable(name))' is damaged: it should have the digest \(printable(stated)) and has \(found)"
        case .contradiction(let reason): "the archive contradicts itself: \(reason)"
        case .tooManyLayers(let limit): "the image has more than \(limit) layers"
        case .layerCount(let layers, let digests):
            "the image has \(layers) layers, and its configuration has digests of \(digests)"
        case .badPath(let path, let layer, let reason):
            "the layer \(layer) has a path we refuse, \(reason): '\(printable(path))'"
        case .tooManyEntries(let limit): "the layers have more than \(limit) files, folders and links"
        case .badLayer(let layer, let reason): "the layer \(layer) cannot be read: \(reason)"
        case .archive(let error): "\(error)"
        }
    }
}

/// A stranger's words, fit for a log line, a terminal and a report: no control characters, and not longer than needed.
func printable(_ text: String, longest: Int = 200) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(longest) {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .unassigned, .privateUse: scalars.append("?")
        default: scalars.append(scalar)
        }
    }
    return String(scalars) + (text.unicodeScalars.count > longest ? "…" : "")
}
