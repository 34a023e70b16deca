/// One line of the journal.
package struct JournalEntry: Codable, Hashable, Sendable {
    /// The format this code writes. 2 added `before` and `uninstalled`, 3 members of groups and settings of the kernel to
    /// what was before; older lines are read as they are.
    package static let currentFormat = 3

    package var format = Self.currentFormat
    /// In milliseconds since 1970.
    package var at: Int64
    package var event: Event
    package var step: String?
    package var subject: String?
    package var sentence: String?
    /// Why a change failed.
    package var because: String?
    /// How something was, written before it is touched for the first time.
    package var before: Before?
    /// What an uninstall left in place, so that a later one can purge it.
    package var kept: [Before]?

    package enum Event: String, Codable, Sendable {
        case runBegan = "run-began"
        case changeBegan = "change-began"
        case before
        case changeDone = "change-done"
        case changeFailed = "change-failed"
        case runEnded = "run-ended"
        case uninstalled
    }
}
