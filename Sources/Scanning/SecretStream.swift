import Glibc

/// Looks for secrets in contents that come one after the other from elsewhere than a folder.
package struct SecretStream {
    private let content: ContentScan
    private var fingerprint = Fingerprint()
    private var buffer: [UInt8] = []
    package private(set) var summary = ScanSummary()

    package init(_ scanner: SecretScanner) { content = scanner.content }

    /// What is found in a content, which `next` gives piece by piece; nothing is read on once it is known to be no text.
    package mutating func scan(path: String, next: () throws -> UnsafeRawBufferPointer?) throws -> [Finding] {
        buffer.removeAll(keepingCapacity: true)
        var isJudged = false
        while let piece = try next() {
            buffer += piece
            if !isJudged, buffer.count >= 8 << 10 {
                isJudged = true
                if skips() { return [] }
            }
            guard buffer.count <= FileBuffer.largestFile else {
                summary.skip(.tooLarge)
                return []
            }
        }
        return !isJudged && skips() ? [] : buffer.withUnsafeBufferPointer { findings(in: $0, path: path) }
    }

    /// What is found in a text.
    package mutating func scan(path: String, text: String) -> [Finding] {
        var text = text
        return text.withUTF8 { findings(in: $0, path: path) }
    }

    package mutating func skip(_ reason: SkipReason) { summary.skip(reason) }

    private mutating func skips() -> Bool {
        guard let reason = buffer.withUnsafeBufferPointer(FileBuffer.reasonToSkip) else { return false }
        summary.skip(reason)
        return true
    }

    private mutating func findings(in bytes: Bytes, path: String) -> [Finding] {
        let (findings, isCutShort) = content.findings(in: bytes, path: path, &fingerprint)
        summary.files += 1
        summary.bytes += Int64(bytes.count)
        summary.findings += findings.count
        if isCutShort { summary.filesCutShort += 1 }
        return findings
    }
}
