package import Host

/// One unit of provisioning: check, plan, apply. It is verified by checking again and demanding an empty plan, which
/// the engine does, so that no step can forget it.
package protocol Step: Sendable {
    /// What the check found. Never holds a secret's value.
    associatedtype Facts: Sendable
    /// What it is about, as operators read it: `directories`.
    var title: String { get }
    /// Reads only. In a `--check` the host only imagines what earlier steps changed.
    func check(_ host: any Host) async throws -> Facts
    /// Pure: the same facts give the same changes. Empty: nothing to do.
    func plan(_ facts: Facts) -> [Change]
    /// Makes one change of this step's own plan, by way of `host` alone: in a `--check` that is a rehearsal, which
    /// takes note of the change and makes none. Making it twice is the same as making it once.
    func apply(_ change: Change, to host: any Host) async throws
}

/// One thing that a step would do. It goes to the terminal, the log and the journal: it never holds a secret's value.
package struct Change: Hashable, Sendable {
    /// What it is about, unique in its step: a path, a name.
    package let subject: String
    /// What it does, completing "I will …": `create /var/lib/bedplate (0755)`.
    package let sentence: String
    /// How the content of a file changes, a line each, for `--diff`; `nil` where there is nothing to compare.
    package let difference: [String]?

    package init(_ subject: String, _ sentence: String, difference: [String]? = nil) {
        self.subject = subject
        self.sentence = sentence
        self.difference = difference
    }
}
