import Glibc
import Scanning

/// The base score of a CVSS 3.0 or 3.1 vector (first.org/cvss/v3.1/specification-document, chapter 7).
enum CVSS {
    private static let weights: [String: [Character: Double]] = [
        "AV": ["N": 0.85, "A": 0.62, "L": 0.55, "P": 0.2], "AC": ["L": 0.77, "H": 0.44],
        "UI": ["N": 0.85, "R": 0.62], "C": ["H": 0.56, "L": 0.22, "N": 0], "I": ["H": 0.56, "L": 0.22, "N": 0],
        "A": ["H": 0.56, "L": 0.22, "N": 0],
    ]

    /// 0 to 10 in steps of 0.1; `nil` for what is no such vector.
    static func score(_ vector: String) -> Double? {
        guard vector.utf8.count <= 256, vector.hasPrefix("CVSS:3.") else { return nil }
        var metrics: [String: Character] = [:]
        for part in vector.split(separator: "/").dropFirst() {
            let pair = part.split(separator: ":")
            guard pair.count == 2, pair[1].count == 1,
                metrics.updateValue(pair[1].first!, forKey: String(pair[0])) == nil
            else { return nil }
        }
        func weight(_ name: String) -> Double? { metrics[name].flatMap { weights[name]?[$0] } }
        guard let scope = metrics["S"], scope == "U" || scope == "C", let privileges = metrics["PR"],
            let av = weight("AV"), let ac = weight("AC"), let ui = weight("UI"), let c = weight("C"),
            let i = weight("I"), let a = weight("A")
        else { return nil }
        let isChanged = scope == "C"
        let byPrivileges: [Character: Double] = ["N": 0.85, "L": isChanged ? 0.68 : 0.62, "H": isChanged ? 0.5 : 0.27]
        guard let pr = byPrivileges[privileges] else { return nil }
        let loss = 1 - (1 - c) * (1 - i) * (1 - a)
        let impact = isChanged ? 7.52 * (loss - 0.029) - 3.25 * pow(loss - 0.02, 15) : 6.42 * loss
        guard impact > 0 else { return 0 }
        let sum = impact + 8.22 * av * ac * pr * ui
        return roundedUp(min(isChanged ? 1.08 * sum : sum, 10))
    }

    /// Appendix A of the specification: to one decimal, without being led astray by binary fractions.
    private static func roundedUp(_ value: Double) -> Double {
        let whole = Int((value * 100_000).rounded())
        return whole % 10_000 == 0 ? Double(whole) / 100_000 : Double(whole / 10_000 + 1) / 10
    }

    /// The specification's words for scores (chapter 5).
    static func severity(_ score: Double) -> Severity {
        score >= 9 ? .critical : score >= 7 ? .high : score >= 4 ? .medium : score > 0 ? .low : .info
    }
}
