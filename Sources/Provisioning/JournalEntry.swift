/// One line of the journal.
package struct JournalEntry: Codable, Hashable, Sendable {
    /// The format this code writes and reads.
    package static let currentFormat = 1

    package var format = Self.currentFormat
    /// In milliseconds since 1970.
    package var at: Int64
    package var event: Event
    package var step: String?
    package var subject: String?
    package var sentence: String?
    /// Why a change failed.
    package var because: String?

    package enum Event: String, Codable, Sendable {
        case runBegan = "run-began"
        case changeBegan = "change-began"
        case changeDone = "change-done"
        case changeFailed = "change-failed"
        case runEnded = "run-ended"
    }
}
