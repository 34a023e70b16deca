import Glibc
package import Host
package import SystemPackage

/// The files that say who is on a machine: passwd(5), group(5), shadow(5), gshadow(5), subuid(5).
///
/// The tools of shadow-utils write one after the other. For all that time they hold the lock of lckpwdf(3) besides files such
/// as `passwd.lock` (lib/commonio.c): so who has that lock finds each list as it stays, and files that nobody is at.
package struct AccountLists: Sendable {
    private static let names = ["passwd", "group", "shadow", "gshadow", "subuid", "subgid"]
    private static let limit = 64 << 20
    /// How long the tools themselves wait for each other.
    private static let patience = Duration.seconds(15)

    private let folder: FilePath
    private let files = LinuxFiles()

    package init(_ folder: FilePath = "/etc") { self.folder = folder }

    private var lock: FilePath { folder.appending(".pwd.lock") }

    package func faults(of names: Set<String>) async throws -> [AccountFault] {
        try await settled { try remnants() + incomplete(names) }
    }

    package func mend(_ fault: AccountFault) async throws {
        try await locked(F_WRLCK) {
            switch fault {
            case .user(let name):
                // As useradd --system makes it: no password, changed today, and nothing said of its age.
                let today = currentWallTime() / 86_400_000
                if try incomplete([name]).contains(fault) { try add("\(name):!:\(today)::::::", to: "shadow") }
            case .group(let name):
                guard try incomplete([name]).contains(fault), let members = try lines("group")[name]?.last else {
                    return
                }
                try add("\(name):!::\(members)", to: "gshadow")
            case .remnant(let path):
                if try remnants().contains(fault) { try files.remove(FilePath(path)) }
            }
        }
    }

    /// Takes away what would stop a tool: a lock of a number that another process has by now is one that is held to it.
    package func clear() async throws {
        let left = try await settled(remnants)
        guard !left.isEmpty else { return }
        try await locked(F_WRLCK) {
            for case .remnant(let path) in try remnants() { try files.remove(FilePath(path)) }
        }
    }

    /// What is so while nobody is at work.
    private func settled(_ look: () throws -> [AccountFault]) async throws -> [AccountFault] {
        try look().isEmpty ? [] : await locked(F_RDLCK, look)
    }

    private func remnants() throws -> [AccountFault] {
        try files.list(folder).filter { name throws in
            guard let list = Self.names.first(where: name.hasPrefix) else { return false }
            let rest = name.dropFirst(list.count)
            // The next list, the lock, and what becomes the lock: its maker's number by name and content. A backup of an
            // administrator's may have a number in its name, too.
            return try rest == "+" || rest == ".lock" || rest.first == "." && isNumber(rest.dropFirst(), of: name)
        }.map { .remnant(path: folder.appending($0).string) }
    }

    private func isNumber(_ text: Substring, of name: String) throws -> Bool {
        guard !text.isEmpty, text.allSatisfy({ ("0"..."9").contains($0) }) else { return false }
        let path = folder.appending(name)
        guard let status = try files.status(path), status.kind == .file, status.size <= 32 else { return false }
        let content = try files.readIfPresent(path, limit: 4096) ?? []
        return content.isEmpty || String(decoding: content.prefix { $0 != 0 }, as: UTF8.self) == text
    }

    /// A password is `x` where it is in the other list. A machine may have none of these lists.
    private func incomplete(_ names: Set<String>) throws -> [AccountFault] {
        func missing(_ list: String, in other: String, _ fault: (String) -> AccountFault) throws -> [AccountFault] {
            let shown = try lines(list).filter { names.contains($0.key) && $0.value.count > 1 && $0.value[1] == "x" }
            guard !shown.isEmpty, try files.status(folder.appending(other)) != nil else { return [] }
            let hidden = try lines(other)
            return shown.keys.filter { hidden[$0] == nil }.sorted().map(fault)
        }
        return try missing("group", in: "gshadow", AccountFault.group)
            + missing("passwd", in: "shadow", AccountFault.user)
    }

    /// The fields of each line, by the first of them.
    private func lines(_ list: String) throws -> [String: [Substring]] {
        let content = try files.readIfPresent(folder.appending(list), limit: Self.limit) ?? []
        let fields = String(decoding: content, as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        return Dictionary(fields.map { (String($0[0]), $0) }) { first, _ in first }
    }

    private func add(_ line: String, to list: String) throws {
        let path = folder.appending(list)
        guard let status = try files.status(path) else { return }
        var content = try files.read(path, limit: Self.limit)
        if let last = content.last, last != UInt8(ascii: "\n") { content.append(UInt8(ascii: "\n")) }
        content += Array("\(line)\n".utf8)
        try files.replace(path, with: content, mode: status.mode, owner: status.owner)
    }

    /// F_OFD_SETLK (include/uapi/asm-generic/fcntl.h), which Swift does not import.
    private static let ofThisDescriptor: Int32 = 37

    /// Does something while no tool is at work. Where there is no lock file, none ever was.
    private func locked<Result>(_ kind: Int32, _ body: () throws -> Result) async throws -> Result {
        if kind == F_RDLCK, try files.status(lock) == nil { return try body() }
        let flags = kind == F_RDLCK ? O_RDONLY : O_RDWR | O_CREAT
        let descriptor = try call("open", lock) { open(lock.string, flags | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        defer { close(descriptor) }
        let watch = Stopwatch(ContinuousClock())
        while true {
            var wanted = Glibc.flock()
            wanted.l_type = Int16(kind)
            wanted.l_whence = Int16(SEEK_SET)
            // Of this descriptor and not of the process: another step of ours may be at it, too.
            do { try call("fcntl", lock) { fcntl(descriptor, Self.ofThisDescriptor, &wanted) } } catch HostError.failed(
                _, _, let errno)
                where [.wouldBlock, .permissionDenied].contains(errno)
            {
                guard watch.elapsed < Self.patience else { throw HostError.locked(path: lock, holder: nil) }
                try await Task.sleep(for: .milliseconds(10))
                continue
            }
            return try body()
        }
    }
}
