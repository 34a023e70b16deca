import Glibc
package import Host
import Synchronization
package import SystemPackage

/// dpkg's own status file: one read, no process, and no second read while it stays the same file.
///
/// While dpkg works it notes each change in a file of its own in `updates`, beside it, and brings them into the status
/// file now and then; one that was killed leaves them there (dpkg's lib/dpkg/dbmodify.c).
package final class DpkgStatus: Sendable {
    private struct Identity: Equatable {
        var inode: UInt64
        var size: Int
        var seconds: Int
        var nanoseconds: Int
        var notes: [String]
    }
    private let path: FilePath
    private let last = Mutex<(Identity, PackageDatabase)?>(nil)

    package init(_ path: FilePath) { self.path = path }

    package func database() throws -> PackageDatabase {
        var found = stat()
        try call("stat", path) { stat(path.string, &found) }
        let notes = try notes()
        let identity = Identity(
            inode: UInt64(found.st_ino), size: Int(found.st_size), seconds: found.st_mtim.tv_sec,
            nanoseconds: found.st_mtim.tv_nsec, notes: notes)
        if let (known, database) = last.withLock({ $0 }), known == identity { return database }
        var database = PackageDatabase(hasNotes: !notes.isEmpty)
        Self.read(try LinuxFiles().read(path, limit: 256 << 20), into: &database, areNotes: false)
        for note in notes {
            // A dpkg that works has brought it in meanwhile.
            guard let content = try LinuxFiles().readIfPresent(updates.appending(note), limit: 1 << 20) else {
                continue
            }
            Self.read(content, into: &database, areNotes: true)
        }
        last.withLock { $0 = (identity, database) }
        return database
    }

    private var updates: FilePath { path.removingLastComponent().appending("updates") }

    /// Their names are numbers of one length, in the order in which they count.
    private func notes() throws -> [String] {
        guard try LinuxFiles().status(updates) != nil else { return [] }
        return try LinuxFiles().list(updates).filter { $0.allSatisfy(\.isNumber) }.sorted()
    }

    private static func read(_ content: [UInt8], into database: inout PackageDatabase, areNotes: Bool) {
        content.withUnsafeBytes { bytes in
            var stanza = Stanza()
            var rest = bytes[...]
            while !rest.isEmpty {
                let end = rest.firstIndex(of: UInt8(ascii: "\n")) ?? rest.endIndex
                let line = UnsafeRawBufferPointer(rebasing: rest[..<end])
                rest = rest[min(end + 1, rest.endIndex)...]
                if line.isEmpty {
                    stanza.record(in: &database, isNote: areNotes)
                    stanza = Stanza()
                } else {
                    stanza.read(line)
                }
            }
            stanza.record(in: &database, isNote: areNotes)
        }
    }
}

/// The three fields we want of one package.
private struct Stanza {
    private var name: UnsafeRawBufferPointer?
    /// What is wanted, whether it is in order, and what is: `install ok installed`.
    private var status: UnsafeRawBufferPointer?
    private var version: UnsafeRawBufferPointer?

    mutating func read(_ line: UnsafeRawBufferPointer) {
        switch line[0] {
        case UInt8(ascii: "P"): if let value = Self.value("Package: ", of: line) { name = value }
        case UInt8(ascii: "V"): if let value = Self.value("Version: ", of: line) { version = value }
        case UInt8(ascii: "S"): if let value = Self.value("Status: ", of: line) { status = value }
        default: break
        }
    }

    /// `isNote`: it is later than what the database says.
    func record(in database: inout PackageDatabase, isNote: Bool) {
        guard let name, let status else { return }
        let words = String(decoding: status, as: UTF8.self).split(separator: " ")
        guard words.count == 3 else { return }
        let state: PackageRecord.State =
            switch words[2] {
            case _ where words[1] != "ok": .unfinished
            case "installed": .installed
            case "not-installed", "config-files": .absent
            default: .unfinished
            }
        let text = String(decoding: name, as: UTF8.self)
        // Of a package in two architectures, one that is unfinished counts, else one that is installed. A note is later than
        // the file, and about one of them.
        if !isNote, let other = database.records[text], Self.rank(other.state) > Self.rank(state) { return }
        let isTorn = words[1] == "reinstreq"
        if isTorn { database.torn.insert(text) } else { database.torn.remove(text) }
        var record = PackageRecord(
            version: version.map { String(decoding: $0, as: UTF8.self) } ?? "", state: state, isHeld: words[0] == "hold"
        )
        if state == .unfinished { record.condition = words[2] + (isTorn ? ", reinst-required" : "") }
        database.records[text] = record
    }

    private static func rank(_ state: PackageRecord.State) -> Int {
        switch state {
        case .absent: 0
        case .installed: 1
        case .unfinished: 2
        }
    }

    private static func value(_ field: StaticString, of line: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let key = UnsafeRawBufferPointer(start: field.utf8Start, count: field.utf8CodeUnitCount)
        guard line.starts(with: key) else { return nil }
        return UnsafeRawBufferPointer(rebasing: line.dropFirst(key.count))
    }
}
