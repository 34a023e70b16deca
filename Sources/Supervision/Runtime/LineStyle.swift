import Control

/// What a captured line looks like in the file. The numbers are in the ledger, which outlives the supervisor.
enum LineStyle: UInt32 {
    case raw = 0
    /// After its time.
    case stamped = 1
    /// A JSON object.
    case json = 2

    init(_ policy: LogPolicy) {
        switch policy.format {
        case .json: self = .json
        case .text: self = policy.timestamps ? .stamped : .raw
        }
    }
}
