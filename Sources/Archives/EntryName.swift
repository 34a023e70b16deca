/// The name of an entry, proven to stay inside the folder it is unpacked into.
struct EntryName: Equatable {
    /// At least one; none is empty, `.` or `..`, none contains `/`, `\`, NUL or another control character.
    let components: [String]

    static let maximumComponentBytes = 255  // NAME_MAX of every file system we unpack to
    static let maximumBytes = 4095  // PATH_MAX without its NUL
    static let maximumDepth = 64

    /// `nil` bytes: the archive's own encoding could not be turned into UTF-8.
    init(_ bytes: UnsafeBufferPointer<UInt8>?) throws(ArchiveError) {
        guard let bytes else { throw .badName("", because: .notUTF8) }
        let name = String(decoding: bytes, as: UTF8.self)
        guard !bytes.isEmpty else { throw .badName("", because: .empty) }
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .badName(name, because: .notUTF8) }
        guard bytes.count <= Self.maximumBytes else { throw .badName(name, because: .tooLong) }
        // Before the separators are looked at: on the machine that made the archive `\` may have been one.
        guard !bytes.contains(UInt8(ascii: "\\")) else { throw .badName(name, because: .backslash) }
        guard !bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) else { throw .badName(name, because: .control) }
        guard bytes[0] != UInt8(ascii: "/") else { throw .absoluteName(name) }
        guard !Self.beginsWithDrive(bytes) else { throw .badName(name, because: .drive) }

        var components: [String] = []
        for part in bytes.split(separator: UInt8(ascii: "/")) {
            let component = String(decoding: part, as: UTF8.self)
            guard component != ".." else { throw .escapes(name: name) }
            guard part.count <= Self.maximumComponentBytes else { throw .badName(name, because: .tooLong) }
            if component != "." { components.append(component) }
        }
        guard components.count <= Self.maximumDepth else { throw .badName(name, because: .tooDeep) }
        self.components = components
    }

    var text: String { components.joined(separator: "/") }

    private static func beginsWithDrive(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard bytes.count >= 2, bytes[1] == UInt8(ascii: ":") else { return false }
        return (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(bytes[0] | 0x20)
    }
}
