import Host
package import SystemPackage

/// Installed packages, from dpkg's own status file: one read, no process.
package struct DpkgPackages: PackageManager {
    private let status: FilePath

    package init(status: FilePath) { self.status = status }

    package func installed(_ names: [String]) throws -> [String: String] {
        let content = try LinuxFiles().read(status, limit: 256 << 20)
        let wanted = Set(names)
        var found: [String: String] = [:]
        content.withUnsafeBytes { bytes in
            var stanza = Stanza()
            var rest = bytes[...]
            while !rest.isEmpty {
                let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
                let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
                rest = rest[min(end + 1, rest.endIndex)...]
                if line.isEmpty {
                    stanza.record(in: &found, wanted)
                    stanza = Stanza()
                } else {
                    stanza.read(line)
                }
            }
            stanza.record(in: &found, wanted)
        }
        return found
    }
}

/// The three fields we want of one package.
private struct Stanza {
    private var name: UnsafeRawBufferPointer?
    private var isInstalled = false
    private var version: UnsafeRawBufferPointer?

    mutating func read(_ line: UnsafeRawBufferPointer) {
        switch line[0] {
        case UInt8(ascii: "P"): if let value = Self.value("Package: ", of: line) { name = value }
        case UInt8(ascii: "V"): if let value = Self.value("Version: ", of: line) { version = value }
        case UInt8(ascii: "S"):
            // The first word is what is wanted (install, hold); the other two are what is.
            if let value = Self.value("Status: ", of: line) {
                isInstalled =
                    value.elementsEqual("install ok installed".utf8)
                    || value.elementsEqual("hold ok installed".utf8)
            }
        default: break
        }
    }

    func record(in found: inout [String: String], _ wanted: Set<String>) {
        guard isInstalled, let name, let version else { return }
        let text = String(decoding: name, as: UTF8.self)
        if wanted.contains(text) { found[text] = String(decoding: version, as: UTF8.self) }
    }

    private static func value(_ field: StaticString, of line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let key = UnsafeRawBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount)
        guard line.starts(with: key) else { return nil }
        return UnsafeRawBufferPointer(rebasing: line.dropFirst(key.count))
    }
}
