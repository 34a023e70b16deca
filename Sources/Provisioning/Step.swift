package import Host

/// One unit of provisioning: check, plan, apply. It is verified by checking again and demanding an empty plan, which
/// the engine does, so that no step can forget it.
package protocol Step: Sendable {
    /// What the check found. Never holds a secret's value.
    associatedtype Facts: Sendable
    /// What it is about, as operators read it: `directories`.
    var title: String { get }
    /// Reads only. It must work on a machine where no earlier step has run yet: that is what `--check` does.
    func check(_ host: any Host) async throws -> Facts
    /// Pure: the same facts give the same changes. Empty: nothing to do.
    func plan(_ facts: Facts) -> [Change]
    /// Makes one change of this step's own plan. Making it twice is the same as making it once.
    func apply(_ change: Change, to host: any Host) async throws
}

/// One thing that a step would do. It goes to the terminal, the log and the journal: it never holds a secret's value.
package struct Change: Hashable, Sendable {
    /// What it is about, unique in its step: a path, a name.
    package let subject: String
    /// What it does, completing "I will …": `create /var/lib/bedplate (0755)`.
    package let sentence: String

    package init(_ subject: String, _ sentence: String) {
        self.subject = subject
        self.sentence = sentence
    }
}
