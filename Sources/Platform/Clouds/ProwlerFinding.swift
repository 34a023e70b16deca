import FoundationEssentials
import Scanning

/// One entry of Prowler's report: a Detection Finding of OCSF 1.5 (schema.ocsf.io, class 2004), and of that what we keep.
struct ProwlerFinding: Decodable {
    private struct Metadata: Decodable { let eventCode: String }
    private struct Information: Decodable { let title: String? }
    private struct Resource: Decodable {
        let uid: String?
        let name: String?
        let region: String?
    }
    private struct Cloud: Decodable { let account: Account? }
    private struct Account: Decodable { let uid: String? }

    private let metadata: Metadata
    private let severity: String?
    private let status: String?
    private let statusCode: String
    private let statusDetail: String?
    private let findingInfo: Information
    private let resources: [Resource]?
    private let cloud: Cloud?

    /// `nil` for what is none.
    static func read(_ json: [UInt8]) -> ProwlerFinding? {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try? decoder.decode(Self.self, from: Data(json))
    }

    /// Whether something is wrong there, and nobody has said that it may be so.
    var isFailure: Bool { statusCode == "FAIL" && status != "Suppressed" }

    /// The same thing has the same fingerprint in every scan: from account, check, region and resource, and a count where
    /// these are equal.
    func finding(_ seen: inout [String: Int], redact: (String) -> String) -> Finding {
        let resource = resources?.first
        let place = Self.shown(resource?.uid ?? resource?.name ?? cloud?.account?.uid ?? "", atMost: 1024)
        let check = Self.shown(metadata.eventCode, atMost: 200)
        let identity = ["cloud finding 1", cloud?.account?.uid ?? "", check, resource?.region ?? "", place]
            .joined(separator: "\0")
        let occurrence = seen[identity, default: 0]
        // Of equal ones there are few; a report cannot make this grow.
        if seen[identity] != nil || seen.count < 100_000 { seen[identity] = occurrence + 1 }
        let print = hexadecimal(sha256(Array("\(identity)\0\(occurrence)".utf8)).prefix(16))
        return Finding(
            fingerprint: print, rule: check, title: Self.shown(findingInfo.title ?? check, atMost: 300),
            severity: Severity(rawValue: (severity ?? "").lowercased()) ?? .info,
            path: place.isEmpty ? "account" : place, line: 1, column: 1,
            excerpt: Self.shown(redact(statusDetail ?? ""), atMost: 500))
    }

    /// One line of so many characters, without controls.
    static func shown(_ text: String, atMost limit: Int) -> String {
        let scalars = text.unicodeScalars.prefix(limit).map { scalar -> Unicode.Scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? " " : scalar
        }
        return String(String.UnicodeScalarView(scalars)) + (text.unicodeScalars.count > limit ? "…" : "")
    }
}
