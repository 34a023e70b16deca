package import SystemPackage

/// Looks for secrets in the text files under a folder.
package struct SecretScanner: Sendable {
    let content: ContentScan

    package init(rules: RuleSet) { content = ContentScan(rules) }

    /// Reports each finding as it is made, in the order of paths and lines; the same folder gives the same findings.
    ///
    /// `isCancelled` is asked before each file, and a cancelled scan throws `ScanError.cancelled`.
    package func scan(
        folder: FilePath, isCancelled: () -> Bool, report: (Finding) throws -> Void
    ) throws -> ScanSummary {
        var summary = ScanSummary()
        let buffer = FileBuffer()
        try withoutActuallyEscaping(isCancelled) { isCancelled in
            try withoutActuallyEscaping(report) { report in
                let walk = FolderWalk(
                    visit: { file, path in
                        guard !isCancelled() else { throw ScanError.cancelled }
                        switch buffer.read(file) {
                        case .failure(let skip): summary.skip(skip.reason)
                        case .success(let bytes):
                            summary.files += 1
                            summary.bytes += Int64(bytes.count)
                            let (findings, isCutShort) = content.findings(in: bytes, path: path)
                            if isCutShort { summary.filesCutShort += 1 }
                            summary.findings += findings.count
                            for finding in findings { try report(finding) }
                        }
                    },
                    skip: { summary.skip($0) })
                try walk.walk(folder)
            }
        }
        return summary
    }
}
