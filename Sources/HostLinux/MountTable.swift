import Host
import SystemPackage

/// What is mounted where, by /proc/self/mountinfo (proc(5)).
struct MountTable {
    struct Mount: Hashable {
        let path: FilePath
        /// Of the file system as a whole: the subvolumes of one have numbers of their own in stat(2), and one here.
        let device: UInt64
    }
    private let mounts: [Mount]

    static func read() throws -> MountTable {
        let content = try LinuxFiles().read("/proc/self/mountinfo", limit: 16 << 20)
        return MountTable(String(decoding: content, as: UTF8.self))
    }

    /// `36 35 98:0 /root /mnt/with\040space rw,noatime …`: number, parent, device, root, mount point.
    init(_ text: String) {
        mounts = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ", maxSplits: 5)
            guard fields.count > 4 else { return nil }
            let numbers = fields[2].split(separator: ":").compactMap { UInt64($0) }
            guard numbers.count == 2 else { return nil }
            return Mount(path: FilePath(Self.unescaped(fields[4])), device: numbers[0] << 32 | numbers[1])
        }
    }

    /// The file system that a path without links is on; of several that are mounted at one place, the last one hides
    /// the others.
    func holding(_ path: FilePath) -> Mount? {
        var best: Mount?
        for mount in mounts where path.starts(with: mount.path) {
            if mount.path.components.count >= best?.path.components.count ?? 0 { best = mount }
        }
        return best
    }

    /// Blanks and backslashes are three octal digits.
    private static func unescaped(_ field: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(field.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), rest.count >= 3,
                let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(code)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
