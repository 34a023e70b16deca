import CoreTypes
import FoundationEssentials
package import Host
package import SystemPackage

/// The durable record of installation runs: a line before and a line after each change, on the disk before the next
/// thing happens. A run that changes nothing writes nothing.
package struct Journal: Sendable {
    private static let limit = 64 << 20
    private static let mode: FilePermissions = [.ownerReadWrite, .groupRead]

    private let path: FilePath
    private let host: any Host
    private var hasBegun = false
    /// What the file holds, as it was found.
    package let entries: [JournalEntry]

    /// Reads what is there. A last line that a power cut tore is cut off; any other line that is not understood stops
    /// us, and the file is kept.
    package init(at path: FilePath, on host: any Host) throws {
        self.path = path
        self.host = host
        guard let content = try host.files.readIfPresent(path, limit: Self.limit) else {
            entries = []
            return
        }
        let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { content[...$0] } ?? []
        entries = try Self.decode(whole, path)
        if whole.count < content.count {
            try host.files.replace(path, with: Array(whole), mode: Self.mode, owner: nil)
        }
    }

    /// Changes of the last run that were begun and neither done nor failed.
    package var interrupted: [(step: String, subject: String, sentence: String)] {
        guard let start = entries.lastIndex(where: { $0.event == .runBegan }) else { return [] }
        var open: [(step: String, subject: String, sentence: String)] = []
        for entry in entries[start...] {
            guard let step = entry.step, let subject = entry.subject else { continue }
            switch entry.event {
            case .changeBegan: open.append((step, subject, entry.sentence ?? subject))
            case .changeDone, .changeFailed: open.removeAll { $0.step == step && $0.subject == subject }
            case .runBegan, .runEnded: break
            }
        }
        return open
    }

    mutating func began(_ change: Change, of step: String) throws {
        if !hasBegun {
            try host.files.createDirectory(
                path.removingLastComponent(), mode: [.ownerReadWriteExecute, .groupReadExecute, .otherReadExecute],
                owner: nil)
            try write(.runBegan)
            hasBegun = true
        }
        try write(.changeBegan, change, step)
    }

    func done(_ change: Change, of step: String) throws { try write(.changeDone, change, step) }

    func failed(_ change: Change, of step: String, because: String) throws {
        try write(.changeFailed, change, step, because)
    }

    func close() throws {
        if hasBegun { try write(.runEnded) }
    }

    private func write(
        _ event: JournalEntry.Event, _ change: Change? = nil, _ step: String? = nil, _ because: String? = nil
    ) throws {
        let entry = JournalEntry(
            at: host.wallTime(), event: event, step: step, subject: change?.subject, sentence: change?.sentence,
            because: because)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try host.files.append(Array(encoder.encode(entry)) + [UInt8(ascii: "\n")], to: path, mode: Self.mode)
    }

    private static func decode(_ bytes: ArraySlice<UInt8>, _ path: FilePath) throws -> [JournalEntry] {
        try bytes.split(separator: UInt8(ascii: "\n")).enumerated().map { index, line in
            let kept = "the file was kept; move it aside to start a new journal"
            do {
                let entry = try JSONDecoder().decode(JournalEntry.self, from: Data(line))
                guard entry.format <= JournalEntry.currentFormat else {
                    throw OperatorError(
                        doing: "read \(path)",
                        because: "line \(index + 1) has format \(entry.format), of a later release",
                        next: "install that release; \(kept)")
                }
                return entry
            } catch let error as DecodingError {
                throw OperatorError(
                    doing: "read \(path)", because: "line \(index + 1) is no entry of a journal", next: kept,
                    cause: error)
            }
        }
    }
}
