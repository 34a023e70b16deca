package import CoreTypes
import Fernet
import FoundationEssentials

/// What opens a cloud account. It is shown nowhere and leaves this program only in the environment of a scanner.
package struct CloudCredentials: Sendable {
    package let keyID: String
    package let secretKey: Secret
    /// With a key for a while only.
    package let sessionToken: Secret?

    package init(keyID: String, secretKey: String, sessionToken: String?) {
        self.keyID = keyID
        self.secretKey = Secret(secretKey, named: "secret_access_key")
        self.sessionToken = sessionToken.map { Secret($0, named: "session_token") }
    }

    /// A text of others without anything secret of these.
    func redacted(_ text: some StringProtocol) -> String {
        var text = String(text)
        for secret in [secretKey, sessionToken].compactMap({ $0?.reveal() }) where !secret.isEmpty {
            text = text.replacing(secret, with: "…")
        }
        return text
    }
}

/// Seals credentials for the store and opens them again, with the Fernet key in the credential CLOUD_ENCRYPTION_KEY.
package struct CloudVault: Sendable {
    /// Why sealed credentials were not opened, as a sentence for the account's owner.
    package struct Unopened: Error { package let because: String }

    /// For one account of one user: what is moved to another account in the store does not open there.
    private struct Content: Codable {
        let account: String
        let user: String
        let keyID: String
        let secretKey: String
        let sessionToken: String?
    }

    package static let missing =
        "cloud accounts need the credential CLOUD_ENCRYPTION_KEY, which this program was started without"

    private let key: FernetKey
    private let time: WallClock

    package init(_ secret: Secret, time: WallClock) throws(OperatorError) {
        key = try FernetKey(secret)
        self.time = time
    }

    package func seal(_ credentials: CloudCredentials, for account: String, of user: String) throws -> String {
        let content = Content(
            account: account, user: user, keyID: credentials.keyID, secretKey: credentials.secretKey.reveal(),
            sessionToken: credentials.sessionToken?.reveal())
        return try key.encrypt(Array(try JSONEncoder().encode(content)), now: time.now().seconds)
    }

    package func open(_ account: CloudAccount) throws(Unopened) -> CloudCredentials {
        let bytes: [UInt8]
        do { bytes = try key.decrypt(account.sealed, now: time.now().seconds) } catch {
            let because = error == .wrongKey ? "CLOUD_ENCRYPTION_KEY is not the key they were stored with" : "\(error)"
            throw Self.unopened(account, because)
        }
        guard let content = try? JSONDecoder().decode(Content.self, from: Data(bytes)),
            content.account == account.id, content.user == account.userID
        else { throw Self.unopened(account, "they are not those of this account") }
        return CloudCredentials(
            keyID: content.keyID, secretKey: content.secretKey, sessionToken: content.sessionToken)
    }

    private static func unopened(_ account: CloudAccount, _ because: String) -> Unopened {
        Unopened(
            because: "the credentials of the cloud account '\(account.name)' cannot be decrypted: \(because); "
                + "remove the account and add it again")
    }
}
