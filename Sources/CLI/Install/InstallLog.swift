import Host
import Provisioning
import Secrets
import Synchronization
import SystemPackage

/// What a run did and what its commands said, line by line, in a file of its own. It begins with the first change: a run
/// without one leaves none.
final class InstallLog: Sendable {
    let path: FilePath
    private struct State {
        var hasBegun = false
        /// Lines that are not in the file yet.
        var waiting: [String] = []
    }
    private let host: any Host
    private let secrets: SecretStore
    private let state = Mutex(State())
    /// Lines of commands are written so many at a time, as each write waits for the disk; and with whatever comes after them.
    private static let batch = 64

    init(_ host: any Host, _ layout: Layout) {
        self.host = host
        secrets = SecretStore(folder: layout.secrets, files: host.files)
        let time = timestamp(host.wallTime()).filter { $0.isLetter || $0.isNumber }
        path = layout.logs.appending("install-\(time).log")
    }

    func write(_ event: Progress) {
        switch event {
        case .resuming(let sentences): write("resuming: " + sentences.joined(separator: "; "))
        case .awaitingKilledRun: write(InstallProgress.awaitingKilledRun)
        case .began(let step, let number, let total): write("step \(number) of \(total): \(step)")
        case .changing(let step, let change):
            state.withLock { $0.hasBegun = true }
            write("\(step): \(change.sentence)")
        case .waiting(let step, let holder): write("\(step): waiting: \(holder.sentence)")
        case .said(let step, let line): write("\(step) | \(line)", atOnce: false)
        case .changed(let step, let change): write("\(step): done: \(change.sentence)")
        case .ended(let step, let changes): write("\(step): \(counted(changes, "change"))")
        }
    }

    /// Its folder is one that a step makes: lines wait until it is there. A log that cannot be written does not stop an
    /// installation; the journal, which has to be, does.
    func write(_ text: String, atOnce: Bool = true) {
        state.withLock { state in
            state.waiting.append("\(timestamp(host.wallTime())) \(text)")
            guard atOnce || state.waiting.count >= Self.batch else { return }
            do {
                guard state.hasBegun, try host.files.status(path.removingLastComponent()) != nil else { return }
                let text = try secrets.redacted(Self.withoutLogins(state.waiting.map { $0 + "\n" }.joined()))
                try host.files.append(Array(text.utf8), to: path, mode: FilePermissions(rawValue: 0o640))
                state.waiting = []
            } catch { return }
        }
    }

    /// A mirror may ask for a name and a password, which its address then has.
    private static func withoutLogins(_ text: String) -> String {
        text.contains("@") ? text.replacing(#/://[^/@\s]+@/#, with: "://***@") : text
    }
}
