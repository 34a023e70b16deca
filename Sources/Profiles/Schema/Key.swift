/// One key of the profile: everything the reader, the documentation and the JSON Schema know about it.
struct Key: Sendable {
    let name: String
    let shape: Shape
    let presence: Presence
    /// One sentence.
    let summary: String
    /// `nil` for a mapping that only groups keys.
    let effect: Effect?

    enum Presence: Sendable, Equatable {
        case required
        /// Absent means absent.
        case optional
        /// As YAML; the only place where this default is written.
        case defaults(to: String)
    }

    /// What documentation calls this key and its siblings together where all have the same keys below.
    private(set) var family: String?

    func among(_ family: String) -> Key {
        var key = self
        key.family = family
        return key
    }

    /// When a changed value takes effect.
    enum Effect: String, Sendable, CaseIterable {
        case apply = "next `bedplate install`"
        case start = "the instance's next start"
        case reload = "nginx's next reload"
        case generation = "once, when the secret is generated"
        case nextSwitch = "next switch"
        case nextDeploy = "next deploy"
    }

    init(_ name: String, _ shape: Shape, _ presence: Presence, _ effect: Effect, _ summary: String) {
        self.name = name
        self.shape = shape
        self.presence = presence
        self.effect = effect
        self.summary = summary
    }

    /// A mapping that only groups keys.
    init(_ name: String, _ shape: Shape, _ presence: Presence, _ summary: String) {
        self.name = name
        self.shape = shape
        self.presence = presence
        self.effect = nil
        self.summary = summary
    }
}
