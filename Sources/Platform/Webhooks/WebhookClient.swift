import CCurl
import Glibc
import Synchronization

/// Posts to a URL that a user typed, with libcurl on threads of its own; the library is loaded at the first post.
///
/// Each connection is judged by the address it is about to be made to: whatever a name resolves to at that moment, and
/// wherever a redirect leads.
package struct WebhookClient: Sendable {
    /// How an attempt ended.
    package enum Outcome: Sendable, Equatable {
        case answered(Int)
        /// With a sentence for the user: none of it is the library's, or tells what listens in our networks.
        case failed(String)
    }

    private static let limit = 10_000
    private static let connectLimit = 5000
    private static let mostRedirects = 3
    /// Nobody reads what a receiver answers.
    private static let largestAnswer = 64 * 1024

    private let rule: AddressRule
    private let threads: DriverThreads

    package init(_ rule: AddressRule, threads: Int = 2) {
        BrokenPipes.areErrors
        self.rule = rule
        self.threads = DriverThreads(threads)
    }

    package func post(_ body: [UInt8], to url: String, headers: [(name: String, value: String)]) async throws -> Outcome
    {
        try await threads.run { [rule] in
            do throws(WebhookURL.Refused) {
                return Self.post(body, to: url, of: try WebhookURL(url).scheme, headers, by: rule)
            } catch {
                return .failed(error.because)
            }
        }
    }

    private static func post(
        _ body: [UInt8], to url: String, of scheme: String, _ headers: [(name: String, value: String)],
        by rule: AddressRule
    ) -> Outcome {
        guard let handle = ccurl_open() else { return .failed("there is no memory for a request") }
        defer { ccurl_close(handle) }
        var list: UnsafeMutablePointer<curl_slist>?
        defer { ccurl_free_list(list) }
        for (name, value) in headers + [("Content-Type", "application/json"), ("Expect", "")] {
            list = ccurl_append(list, value.isEmpty ? "\(name):" : "\(name): \(value)")
        }
        let gate = Gate(rule)
        let context = Unmanaged.passUnretained(gate).toOpaque()
        let codes = [
            ccurl_set_text(handle, CURLOPT_URL, url),
            ccurl_set_text(handle, CURLOPT_PROTOCOLS_STR, "http,https"),
            // Never from an encrypted connection to an open one.
            ccurl_set_text(handle, CURLOPT_REDIR_PROTOCOLS_STR, scheme == "https" ? "https" : "http,https"),
            ccurl_set_long(handle, CURLOPT_FOLLOWLOCATION, 1),
            ccurl_set_long(handle, CURLOPT_MAXREDIRS, mostRedirects),
            // The same request again, body and all: the sum of CURL_REDIR_POST_301, _302 and _303.
            ccurl_set_long(handle, CURLOPT_POSTREDIR, 7),
            // A proxy of the environment would make the connection, and the judgement about it would be worth nothing.
            ccurl_set_text(handle, CURLOPT_PROXY, ""),
            ccurl_set_long(handle, CURLOPT_NOSIGNAL, 1),
            ccurl_set_long(handle, CURLOPT_TIMEOUT_MS, limit),
            ccurl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, connectLimit),
            ccurl_set_text(handle, CURLOPT_USERAGENT, "cspm/\(Settings.version)"),
            ccurl_set_list(handle, CURLOPT_HTTPHEADER, list),
            ccurl_set_long(handle, CURLOPT_POST, 1),
            ccurl_set_long(handle, CURLOPT_POSTFIELDSIZE, body.count),
            ccurl_set_opener(handle, openSocket, context),
            ccurl_set_reader(handle, readAnswer, context),
        ]
        guard codes.allSatisfy({ $0 == CURLE_OK }) else { return .failed("the url is not usable") }
        let code = body.withUnsafeBytes { bytes in
            // Copied neither: the library reads it while it performs.
            _ = ccurl_set_text(handle, CURLOPT_POSTFIELDS, bytes.bindMemory(to: CChar.self).baseAddress)
            return withExtendedLifetime(gate) { ccurl_perform(handle) }
        }
        if gate.isRefused { return .failed("its address is not a public one") }
        // An answer that is too long was an answer.
        if code == CURLE_OK || (code == CURLE_WRITE_ERROR && gate.isTooLong) {
            return .answered(ccurl_status(handle))
        }
        return .failed(sentence(code))
    }

    private static func sentence(_ code: CURLcode) -> String {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: "its name is not known"
        case CURLE_COULDNT_CONNECT: "nobody answers at its address"
        case CURLE_OPERATION_TIMEDOUT: "it did not answer within \(limit / 1000) s"
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CONNECT_ERROR: "its certificate is not valid for it"
        case CURLE_TOO_MANY_REDIRECTS: "it redirects more than \(mostRedirects) times"
        case CURLE_UNSUPPORTED_PROTOCOL: "it redirects to something that is not https"
        default: "the connection broke (\(code.rawValue))"
        }
    }

    /// What the callbacks of one request know.
    private final class Gate {
        private let rule: AddressRule
        private(set) var isRefused = false
        private(set) var isTooLong = false
        private var received = 0

        init(_ rule: AddressRule) { self.rule = rule }

        func admits(_ address: UnsafeMutablePointer<curl_sockaddr>) -> Bool {
            let start = UnsafeRawPointer(address) + MemoryLayout<curl_sockaddr>.offset(of: \.addr)!
            let bytes: [UInt8]
            switch address.pointee.family {
            case AF_INET:
                let v4 = start.loadUnaligned(as: sockaddr_in.self)
                bytes = withUnsafeBytes(of: v4.sin_addr) { Array($0) }
            case AF_INET6:
                let v6 = start.loadUnaligned(as: sockaddr_in6.self)
                bytes = withUnsafeBytes(of: v6.sin6_addr) { Array($0) }
            default: bytes = []
            }
            let isAdmitted = IPAddress(bytes: bytes).map(rule.admits) ?? false
            if !isAdmitted { isRefused = true }
            return isAdmitted
        }

        func takes(_ count: Int) -> Bool {
            received += count
            isTooLong = received > WebhookClient.largestAnswer
            return !isTooLong
        }
    }

    private static let openSocket: curl_opensocket_callback = { context, _, address in
        guard let context, let address,
            Unmanaged<Gate>.fromOpaque(context).takeUnretainedValue().admits(address)
        else { return -1 }
        return socket(
            address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue), address.pointee.protocol)
    }

    private static let readAnswer: curl_write_callback = { _, size, count, context in
        guard let context, Unmanaged<Gate>.fromOpaque(context).takeUnretainedValue().takes(size * count) else {
            return 0
        }
        return size * count
    }
}
