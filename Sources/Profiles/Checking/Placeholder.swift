/// A word in braces that is replaced for each instance: `{release}`.
package enum Placeholder: String, Sendable, CaseIterable {
    case release, build, programs, slot, port, data, logs, run, runtimes, configuration, store, queue

    /// Whether it stands for a folder, so that a program's path may begin with it.
    var isFolder: Bool {
        switch self {
        case .release, .build, .programs, .data, .logs, .run, .runtimes, .configuration: true
        case .slot, .port, .store, .queue: false
        }
    }

    func occurs(in text: String) -> Bool { Self.words(in: text).contains(rawValue) }

    /// Words in braces that stand for nothing. Braces around anything but lower-case letters are just text.
    static func unknown(in text: String) -> [String] { words(in: text).filter { Placeholder(rawValue: $0) == nil } }

    /// Written out: a regular expression is compiled at each use, which cost more than all the rest of loading.
    private static func words(in text: String) -> [String] {
        text.utf8.split(separator: UInt8(ascii: "{"), omittingEmptySubsequences: false).dropFirst().compactMap { rest in
            let word = rest.prefix { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || $0 == UInt8(ascii: "_") }
            guard !word.isEmpty, word.count <= 32, rest.dropFirst(word.count).first == UInt8(ascii: "}") else {
                return nil
            }
            return String(Substring(word))
        }
    }
}
