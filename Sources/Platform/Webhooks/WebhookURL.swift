import CCurl
import Glibc

/// A URL that a webhook may have, read by the library that will follow it: there are no two opinions about its host.
struct WebhookURL {
    /// Without the brackets of an IPv6 address.
    let host: String
    let scheme: String

    /// What the API's document says of it. Nothing that fits is refused for its form. A little is taken that does not
    /// fit: some spellings of IPv6 addresses, and a second `#`.
    static let pattern: String = {
        let name = "[A-Za-z0-9_-]+"
        let group = "[0-9A-Fa-f]{1,4}"
        let address = #"\[((\#(group):){7}\#(group)|(\#(group)(:\#(group)){0,2})?::(\#(group)(:\#(group)){0,3})?)\]"#
        let port = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
        let character = "[A-Za-z0-9._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
        let rest = #"(/(\#(character)|/)*)?(\?(\#(character)|[/?])*)?(#(\#(character)|[/?])*)?"#
        return #"^https?://(\#(name)(\.\#(name))*\.?|\#(address))(:\#(port))?\#(rest)$"#
    }()

    /// What is wrong with it, as a sentence.
    struct Refused: Error { let because: String }

    init(_ text: String) throws(Refused) {
        guard ccurl_load() else {
            throw Refused(because: "webhooks cannot be used here: libcurl, which calls them, is not installed")
        }
        guard text.utf8.count <= 2048, Self.isSpelled(text), let url = ccurl_url_open() else {
            throw Refused(because: "the url must be at most 2048 of the characters that a URL may have")
        }
        defer { ccurl_url_close(url) }
        guard ccurl_url_set(url, CURLUPART_URL, text, UInt32(CURLU_NON_SUPPORT_SCHEME)) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: url), let host = Self.part(CURLUPART_HOST, of: url)
        else { throw Refused(because: "the url must be one, as in https://example.com/hook") }
        guard ["http", "https"].contains(scheme) else {
            throw Refused(because: "the url must begin with https or http")
        }
        guard Self.part(CURLUPART_USER, of: url) == nil, Self.part(CURLUPART_PASSWORD, of: url) == nil else {
            throw Refused(because: "the url must have no user and no password: it is shown to whoever lists webhooks")
        }
        self.scheme = scheme
        self.host = String(host.drop { $0 == "[" }.prefix { $0 != "]" })
    }

    /// The characters of RFC 3986, each `%` with its two digits, brackets around a host only.
    private static func isSpelled(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        var slashes = 0
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard rest.count >= 2, rest.prefix(2).allSatisfy({ isxdigit(Int32($0)) != 0 }) else { return false }
            case UInt8(ascii: "/"): slashes += 1
            case UInt8(ascii: "["), UInt8(ascii: "]"): guard slashes == 2 else { return false }
            default:
                guard byte < 0x80, isalnum(Int32(byte)) != 0 || "-._~:?#@!$&'()*+,;=".utf8.contains(byte) else {
                    return false
                }
            }
        }
        return true
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard ccurl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { ccurl_free(text) }
        return String(cString: text)
    }
}
