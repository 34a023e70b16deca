import Glibc
import Synchronization
import SystemPackage

/// The terminal of the process: the only place that writes to it.
package final class StandardTerminal: Terminal {
    private struct Screen {
        var text: (@Sendable () -> String)?
        /// What its last line shows now.
        var shown = ""
        var ticker: Task<Void, Never>?
    }
    private let isScreen = isatty(2) == 1
    private let clock: any Clock<Duration>
    private let screen = Mutex(Screen())

    package init(clock: any Clock<Duration> = ContinuousClock()) { self.clock = clock }

    package func result(_ text: String) { write(text, to: .standardOutput) }
    package func progress(_ text: String) { write(text, to: .standardError) }
    package func failure(_ text: String) { write(text, to: .standardError) }

    package func confirm(_ question: String) -> Bool? {
        guard isatty(0) == 1, isScreen else { return nil }
        write("\(question) [y/N]", to: .standardError)
        return ["y", "yes"].contains(readLine()?.lowercased())
    }

    package func status(_ text: (@Sendable () -> String)?) {
        guard isScreen else { return }
        screen.withLock { screen in
            screen.text = text
            if text == nil {
                screen.ticker?.cancel()
                screen.ticker = nil
            } else if screen.ticker == nil {
                screen.ticker = Task {
                    while true {
                        do { try await clock.sleep(for: .seconds(1)) } catch { return }
                        draw()
                    }
                }
            }
        }
        draw()
    }

    /// Writes the last line anew.
    private func draw() {
        screen.withLock { screen in
            let text = screen.text.map { fitting($0()) } ?? ""
            guard !text.isEmpty || !screen.shown.isEmpty else { return }
            screen.shown = text
            emit("\u{1b}[2K\r\(text)", to: .standardError)
        }
    }

    /// A line that is longer than the screen is wide would leave its first part behind when it is written anew.
    private func fitting(_ text: String) -> String {
        var size = winsize()
        let width = ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 1 ? Int(size.ws_col) : 80
        return text.count < width ? text : text.prefix(width - 2) + "…"
    }

    private func write(_ text: String, to descriptor: FileDescriptor) {
        screen.withLock { screen in
            guard !screen.shown.isEmpty else { return emit(text + "\n", to: descriptor) }
            emit("\u{1b}[2K\r", to: .standardError)
            emit(text + "\n", to: descriptor)
            emit(screen.shown, to: .standardError)
        }
    }

    /// A reader that went away (`bedplate logs | head`) is no error worth a word: the exit code stands.
    private func emit(_ text: String, to descriptor: FileDescriptor) {
        do { try descriptor.writeAll(text.utf8) } catch { return }
    }
}
