/// YAML as it was written, with the origin of every part, before anybody asked what it means.
struct Tree: Equatable {
    var content: Content
    var origin: Origin

    indirect enum Content: Equatable {
        /// `isPlain`: written without quotes, so it may be a number or `true`.
        case scalar(String, isPlain: Bool)
        case list([Tree])
        case map([Pair])
    }

    struct Pair: Equatable {
        var key: String
        /// Where the key itself stands.
        var keyOrigin: Origin
        var value: Tree
    }

    /// What a person reads in a problem: `a list`.
    var kind: String {
        switch content {
        case .scalar where isNull: "nothing"
        case .scalar(let text, _): "'\(text.prefix(40))'"
        case .list: "a list"
        case .map: "a mapping"
        }
    }

    /// An empty plain scalar, `~` or `null`.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = content else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }
}
