import CoreTypes
import Host
import SystemPackage

extension SecretStore {
    /// A text without the value of any secret in the folder: its name is in its place. The programs that we run are not told
    /// any; this is for what they might find out and say.
    package func redacted(_ text: String) throws -> String {
        guard try files.status(folder) != nil else { return text }
        var text = text
        // Connection strings, which hold a password, before it.
        for (name, value) in try values().sorted(by: { $0.value.count > $1.value.count }) where text.contains(value) {
            text = text.replacing(value, with: "<secret \(name)>")
        }
        return text
    }

    /// By name of the file, that of one under rotation included; what is too short to be one would be found everywhere.
    private func values() throws -> [String: String] {
        var values: [String: String] = [:]
        for name in try files.list(folder) {
            guard try files.status(folder.appending(name))?.kind == .file else { continue }
            let value = String(decoding: try files.read(folder.appending(name), limit: Self.limit), as: UTF8.self)
            if value.count >= 8 { values[name] = value }
        }
        return values
    }
}
