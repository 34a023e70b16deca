import Archives
package import Scanning
package import SystemPackage

/// Secrets in the files of every layer, those that a later layer deletes as well: whoever has the image has them.
package struct ImageSecrets: Sendable {
    private let scanner: SecretScanner
    private let reading: ImageReading

    package init(_ scanner: SecretScanner, reading: ImageReading) {
        self.scanner = scanner
        self.reading = reading
    }

    package func scan(_ archive: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void) throws
        -> ScanSummary
    {
        let (image, inventory) = try reading.image(at: archive, isCancelled: isCancelled)
        var stream = SecretStream(scanner)
        try reading.eachContent(of: image, isCancelled: isCancelled) { layer, entry, content in
            guard entry.role == .content else { return }
            switch entry.listed.kind {
            case .directory: return
            case .symbolicLink, .hardLink: return stream.skip(.link)
            case .special: return stream.skip(.special)
            case .file: break
            }
            let found: [Finding]
            do {
                found = try stream.scan(path: entry.path, next: content.next)
            } catch is SparseContent {
                // A hole reads as NUL bytes, which no text has.
                return stream.skip(.binary)
            }
            guard !found.isEmpty else { return }
            let place = "layer \(image.layers[layer].digest)"
            let gone =
                inventory.shows(entry.path, of: layer)
                ? "" : ", gone from the image: a later layer deletes or replaces it"
            for finding in found { try report(finding.with(excerpt: "\(finding.excerpt), \(place)\(gone)")) }
        }
        return stream.summary
    }
}

extension Finding {
    /// The same with other words.
    func with(
        fingerprint: String? = nil, rule: String? = nil, title: String? = nil, path: String? = nil,
        excerpt: String? = nil
    ) -> Finding {
        Finding(
            fingerprint: fingerprint ?? self.fingerprint, rule: rule ?? self.rule, title: title ?? self.title,
            severity: severity, path: path ?? self.path, line: line, column: column, excerpt: excerpt ?? self.excerpt)
    }
}
