import Host
import SystemPackage

/// The operator's `--set` texts, one a line, kept so that a later run without them means the same installation.
struct RecordedSettings {
    let texts: [String]

    static func read(_ layout: Layout, _ host: any Host) throws -> RecordedSettings {
        let bytes = try host.files.readIfPresent(layout.settings, limit: 64 << 10) ?? []
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        return RecordedSettings(texts: lines.filter { !$0.hasPrefix("#") })
    }

    /// A later setting of the same key replaces the earlier one.
    func adding(_ more: [String]) -> RecordedSettings {
        func key(_ text: String) -> Substring { text.prefix { $0 != "=" } }
        let replaced = Set(more.map(key))
        return RecordedSettings(texts: texts.filter { !replaced.contains(key($0)) } + more)
    }

    var content: String {
        "# What --set said, one setting a line. A line taken out goes back to the profile's value.\n"
            + texts.map { $0 + "\n" }.joined()
    }
}
