import CoreTypes
import FoundationEssentials
package import Host
import Synchronization
package import SystemPackage

/// The durable record of installation runs: a line before and a line after each change, and how everything was before
/// it was first touched, each on the disk before the next thing happens. A run that changes nothing writes nothing.
package final class Journal: Sendable {
    private static let limit = 64 << 20
    private static let mode: FilePermissions = [.ownerReadWrite, .groupRead]

    static let folderMode = FilePermissions(rawValue: 0o755)

    private struct State {
        var hasBegun = false
        var outstanding: [Before]
        var subjects: Set<Before.Subject>
        /// Paths where nothing was, each with a slash at its end: all below them is ours.
        var own: Set<String>
    }
    private let path: FilePath
    private let host: any Host
    private let state: Mutex<State>
    /// What the file holds, as it was found.
    package let entries: [JournalEntry]

    /// Reads what is there. A last line that a power cut tore is cut off; any other line that is not understood stops
    /// us, and the file is kept.
    package init(at path: FilePath, on host: any Host) throws {
        self.path = path
        self.host = host
        let content = try host.files.readIfPresent(path, limit: Self.limit) ?? []
        let whole = content.lastIndex(of: UInt8(ascii: "\n")).map { content[...$0] } ?? []
        entries = try Self.decode(whole, path)
        let outstanding = Self.outstanding(entries)
        state = Mutex(
            State(
                outstanding: outstanding, subjects: Set(outstanding.map(\.subject)),
                // The folder that the journal is in is ours, whoever made it.
                own: Set(outstanding.filter { $0.found?.kind == .nothing }.map { $0.name + "/" })
                    .union([path.removingLastComponent().string + "/"])))
        if whole.count < content.count {
            try host.files.replace(path, with: Array(whole), mode: Self.mode, owner: nil)
        }
    }

    /// How everything was that is not as it was, in the order in which it was touched.
    package var outstanding: [Before] { state.withLock { $0.outstanding } }

    /// Changes of the last run that were begun and neither done nor failed.
    package var interrupted: [(step: String, subject: String, sentence: String)] {
        guard let start = entries.lastIndex(where: { $0.event == .runBegan }) else { return [] }
        var open: [(step: String, subject: String, sentence: String)] = []
        for entry in entries[start...] {
            guard let step = entry.step, let subject = entry.subject else { continue }
            switch entry.event {
            case .changeBegan: open.append((step, subject, entry.sentence ?? subject))
            case .changeDone, .changeFailed: open.removeAll { $0.step == step && $0.subject == subject }
            case .runBegan, .before, .runEnded, .uninstalled: break
            }
        }
        return open
    }

    func began(_ change: Change, of step: String) throws {
        try state.withLock { state in
            if !state.hasBegun {
                try host.files.createDirectory(
                    path.removingLastComponent(), mode: Self.folderMode, owner: nil)
                try write(entry(.runBegan))
                state.hasBegun = true
            }
            try write(entry(.changeBegan, change, step))
        }
    }

    func done(_ change: Change, of step: String) throws {
        try state.withLock { _ in try write(entry(.changeDone, change, step)) }
    }

    func failed(_ change: Change, of step: String, because: String) throws {
        try state.withLock { _ in
            var failed = entry(.changeFailed, change, step)
            failed.because = because
            try write(failed)
        }
    }

    func close() throws { try state.withLock { if $0.hasBegun { try write(entry(.runEnded)) } } }

    /// Whether it is known how this was.
    func knows(_ subject: Before.Subject) -> Bool { state.withLock { $0.subjects.contains(subject) } }

    /// Whether nothing was at this path, or at one above it.
    func isOwn(_ path: FilePath) -> Bool {
        let text = path.string + "/"
        return state.withLock { state in state.own.contains { text.hasPrefix($0) } }
    }

    /// Writes down how something was, before it is touched; the first record of a thing is the one that counts.
    func note(_ before: Before, _ change: Change, of step: String) throws {
        try state.withLock { state in
            guard state.subjects.insert(before.subject).inserted else { return }
            var noted = entry(.before, change, step)
            noted.sentence = nil
            noted.before = before
            do { try write(noted) } catch {
                state.subjects.remove(before.subject)
                throw error
            }
            state.outstanding.append(before)
            if before.found?.kind == .nothing { state.own.insert(before.name + "/") }
        }
    }

    func uninstalled(keeping kept: [Before]) throws {
        try state.withLock { _ in
            var last = entry(.uninstalled)
            last.kept = kept
            try write(last)
        }
    }

    private static func outstanding(_ entries: [JournalEntry]) -> [Before] {
        var found: [Before] = []
        for entry in entries {
            if entry.event == .uninstalled { found = entry.kept ?? [] }
            if let before = entry.before, !found.contains(where: { $0.subject == before.subject }) {
                found.append(before)
            }
        }
        return found
    }

    private func entry(
        _ event: JournalEntry.Event, _ change: Change? = nil, _ step: String? = nil
    ) -> JournalEntry {
        JournalEntry(
            at: host.wallTime(), event: event, step: step, subject: change?.subject, sentence: change?.sentence)
    }

    private func write(_ entry: JournalEntry) throws {
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
