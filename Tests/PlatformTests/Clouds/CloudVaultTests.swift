import CoreTypes
import Fernet
import Platform
import Testing

@Suite("The vault of cloud accounts")
struct CloudVaultTests {
    private func vault(_ byte: UInt8 = 1) throws -> CloudVault {
        let key = Base64URL.encode([UInt8](repeating: byte, count: FernetKey.size), padded: true)
        return try CloudVault(Secret(key, named: "CLOUD_ENCRYPTION_KEY"), time: TestTime().clock)
    }

    @Test("what is sealed for an account opens for it, shows nothing, and looks different each time")
    func roundTrip() throws {
        let vault = try vault()
        let account = try CloudAccount.sample(sealedBy: vault)
        let opened = try vault.open(account)
        #expect(opened.keyID == CloudAccount.sampleKey && opened.secretKey.reveal() == CloudAccount.sampleSecret)
        #expect(opened.sessionToken?.reveal() == "a-session-token")
        for text in ["\(opened)", String(reflecting: opened), account.sealed] {
            #expect(!text.contains(CloudAccount.sampleSecret) && !text.contains("a-session-token"))
        }
        #expect(try CloudAccount.sample(sealedBy: vault).sealed != account.sealed)
    }

    @Test("another key, a changed text and no text are refused with what to do, and without anything sealed")
    func refused() throws {
        let account = try CloudAccount.sample(sealedBy: vault())
        let other = #expect(throws: CloudVault.Unopened.self) { try vault(2).open(account) }
        #expect(
            other?.because
                == "the credentials of the cloud account 'mine' cannot be decrypted: CLOUD_ENCRYPTION_KEY is not the key "
                + "they were stored with; remove the account and add it again")
        for sealed in ["", "x", String(account.sealed.dropLast(4)), account.sealed.replacing("A", with: "B")] {
            let changed = CloudAccount.sample(sealed: sealed)
            let error = #expect(throws: CloudVault.Unopened.self) { try vault().open(changed) }
            #expect(error?.because.contains("cannot be decrypted") == true)
        }
    }

    @Test("credentials that were moved to another account, or another user, do not open there")
    func moved() throws {
        let account = try CloudAccount.sample(sealedBy: vault())
        for moved in [
            CloudAccount.sample(id: "other", sealed: account.sealed), .sample(user: "other", sealed: account.sealed),
        ] {
            let error = #expect(throws: CloudVault.Unopened.self) { try vault().open(moved) }
            #expect(error?.because.contains("not those of this account") == true)
        }
    }

    @Test("a key that is none is refused by its name")
    func noKey() {
        let error = #expect(throws: OperatorError.self) {
            try CloudVault(Secret("hunter2", named: "CLOUD_ENCRYPTION_KEY"), time: .system)
        }
        #expect(error?.description.contains("CLOUD_ENCRYPTION_KEY") == true)
        #expect(error?.description.contains("hunter2") == false)
    }
}

extension CloudAccount {
    static let sampleKey = "AKIAQQQQQQQQQQQQWXYZ"
    static let sampleSecret = "not-a-secret-of-anybody-0123456789"  // bedplate:allow-secret

    static func sample(
        id: String = "account-1", user: String = "u1", name: String = "mine", sealed: String = "sealed",
        at moment: Timestamp = TestTime().now
    ) -> CloudAccount {
        CloudAccount(
            id: id, userID: user, name: name, provider: .aws, regions: ["eu-central-1", "us-east-1"],
            keyEnding: "WXYZ", sealed: sealed, createdAt: moment)
    }

    static func sample(sealedBy vault: CloudVault, id: String = "account-1", user: String = "u1") throws -> CloudAccount
    {
        let credentials = CloudCredentials(
            keyID: sampleKey, secretKey: sampleSecret, sessionToken: "a-session-token")
        return sample(id: id, user: user, sealed: try vault.seal(credentials, for: id, of: user))
    }
}
