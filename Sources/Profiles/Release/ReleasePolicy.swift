/// Where releases of the application come from, and what holds for each.
package struct ReleasePolicy: Sendable, Equatable {
    package var source: Source
    /// What must load in a release's Python environment, where the release itself does not say.
    package var entryPoints: [EntryPoint]
    /// How many releases stay on the host, those in use included.
    package var keep: Int

    package enum Source: String, Sendable, CaseIterable {
        /// The application that ships with us; an installation takes it as a release.
        case bundled
        /// `bedplate deploy` brings each release, the first one too.
        case deployed
    }

    package init(source: Source = .bundled, entryPoints: [EntryPoint] = [], keep: Int = 5) {
        self.source = source
        self.entryPoints = entryPoints
        self.keep = keep
    }
}

/// An object of a Python module, as WSGI and ASGI servers name it: `server:app`.
package struct EntryPoint: Hashable, Sendable, CustomStringConvertible {
    package let module: String
    package let attribute: String

    package var description: String { "\(module):\(attribute)" }

    /// `nil` unless both parts are dotted names.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ TextRule.module.accepts(String($0)) && !$0.contains("..") }) else {
            return nil
        }
        module = String(parts[0])
        attribute = String(parts[1])
    }
}
