import Hummingbird
import NIOCore

extension Refusal {
    /// What a client is told about an error; `nil` for one that nobody foresaw.
    ///
    /// Details of databases stay here: they go to the log and never to a client.
    init?(_ error: any Error) {
        switch error {
        case let refusal as Refusal: self = refusal
        case StoreError.setupIsComplete: self = .setupIsComplete
        case StoreError.full, QueueError.full: self = .diskFull
        case is StoreError: self = .unavailable("the store does not answer; try again later")
        case is QueueError: self = .unavailable("the queue does not answer; try again later")
        case is PasswordHasher.Busy: self = .unavailable("too many sign-ins at once; try again later")
        case is NIOTooManyBytesError: self = Refusal(.contentTooLarge, "the body is too large")
        case let error as HTTPError:
            self = Refusal(error.status, error.body ?? Self.phrase(error.status), headers: error.headers)
        case let error as any HTTPResponseError: self = Refusal(error.status, Self.phrase(error.status))
        default: return nil
        }
    }

    private static func unavailable(_ detail: String) -> Refusal {
        Refusal(.serviceUnavailable, detail, headers: [.retryAfter: "2"])
    }

    private static func phrase(_ status: HTTPResponse.Status) -> String {
        status == .notFound ? "there is nothing here" : status.reasonPhrase.lowercased()
    }
}
