import HTTPTypes
import Hummingbird

/// Cloud accounts, and scans of them. An account's credentials go in and never come out again.
enum CloudRoutes {
    /// More than anybody has.
    private static let most = 100
    /// Two at a time ask providers who somebody is; each may take a minute.
    private static let threads = DriverThreads(2)

    static let endpoints = [
        Endpoint(
            .get, "/api/cloud-accounts", .scope(.read),
            Operation("The cloud accounts of whoever asks.", .list(of: "CloudAccount"))
        ) { services, _, context in
            let accounts = try await services.store.cloudAccounts(of: context.signedIn().id)
            return try JSON.reply(ListView(items: accounts.map(AccountView.init)))
        },
        Endpoint(
            .post, "/api/cloud-accounts", .person,
            Operation(
                "Adds a cloud account. Its credentials are kept encrypted, and never shown.",
                body: .json("CloudAccountRequest"), status: 201, .json("CloudAccount"), refusals: [409])
        ) { services, request, context in try await add(services, request, context) },
        Endpoint(
            .delete, "/api/cloud-accounts/:id", .person,
            Operation("Removes a cloud account with its credentials; its scans stay.", status: 204, .nothing)
        ) { services, _, context in
            guard try await services.store.removeCloudAccount(context.id, of: context.signedIn().id) else {
                throw Refusal.noSuchAccount
            }
            return Response(status: .noContent)
        },
        Endpoint(
            .post, "/api/cloud-scans/", .scope(.write),
            Operation(
                "Scans a cloud account; without services, all of them.", body: .json("CloudScanRequest"), status: 202,
                .json("Accepted"), refusals: [404, 409, 507])
        ) { services, request, context in try await scan(services, request, context) },
        Endpoint(
            .post, "/api/cloud-scans/validate", .scope(.write),
            Operation(
                "Asks the provider whose credentials an account has.", body: .json("CloudValidationRequest"),
                .json("CloudValidation"), refusals: [404, 409])
        ) { services, request, context in try await validate(services, request, context) },
    ]

    private struct AccountRequest: Decodable {
        let provider: String
        let name: String
        let accessKeyId: String
        let secretAccessKey: String
        let sessionToken: String?
        let regions: [String]
    }

    private struct AccountView: Encodable {
        let id: String
        let provider: CloudProvider
        let name: String
        let keyEnding: String
        let regions: [String]
        let createdAt: Timestamp

        init(_ account: CloudAccount) {
            id = account.id
            provider = account.provider
            name = account.name
            keyEnding = account.keyEnding
            regions = account.regions
            createdAt = account.createdAt
        }
    }

    private struct ScanRequest: Decodable {
        let account: String
        let services: [String]?
    }

    private struct Accepted: Encodable {
        let scanId: ScanID
    }

    private struct Validation: Encodable {
        let ok: Bool
        var accountId: String?
        var arn: String?
        let problems: [String]
    }

    private static func add(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.signedIn()
        let wanted = try await JSON.body(AccountRequest.self, of: request)
        let provider = try CloudProvider(named: wanted.provider, in: "provider")
        guard (1...100).contains(wanted.name.unicodeScalars.count),
            wanted.name.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F })
        else { throw Refusal(.badRequest, "the name must have 1 to 100 printable characters") }
        guard isText(wanted.accessKeyId, 16...128, of: { isLetter($0 | 0x20) && $0 < 0x5B || isDigit($0) }) else {
            throw Refusal(.badRequest, "access_key_id must have 16 to 128 of A-Z and 0-9")
        }
        guard isText(wanted.secretAccessKey, 16...256, of: isVisible) else {
            throw Refusal(.badRequest, "secret_access_key must have 16 to 256 characters of ASCII, without blanks")
        }
        if let token = wanted.sessionToken, !isText(token, 1...8192, of: isVisible) {
            throw Refusal(.badRequest, "session_token must have 1 to 8192 characters of ASCII, without blanks")
        }
        guard (1...50).contains(wanted.regions.count), wanted.regions.allSatisfy(isRegion) else {
            throw Refusal(.badRequest, "regions must be 1 to 50 names as in eu-central-1")
        }
        guard let vault = services.vault else { throw Refusal(.serviceUnavailable, CloudVault.missing) }
        guard try await services.store.cloudAccounts(of: user.id).count < most else {
            throw Refusal(.conflict, "there are \(most) cloud accounts already; remove one first")
        }
        let id = hexadecimal(Random.bytes(8))
        let credentials = CloudCredentials(
            keyID: wanted.accessKeyId, secretKey: wanted.secretAccessKey, sessionToken: wanted.sessionToken)
        let account = CloudAccount(
            id: id, userID: user.id, name: wanted.name, provider: provider, regions: wanted.regions,
            keyEnding: String(wanted.accessKeyId.suffix(4)), sealed: try vault.seal(credentials, for: id, of: user.id),
            createdAt: services.time.now())
        guard try await services.store.add(account) else {
            throw Refusal(.conflict, "there is a cloud account of that name already")
        }
        return try JSON.reply(AccountView(account), status: .created)
    }

    private static func scan(_ services: Services, _ request: Request, _ context: APIContext) async throws -> Response {
        let user = try context.signedIn()
        let wanted = try await JSON.body(ScanRequest.self, of: request)
        let chosen = wanted.services ?? []
        guard chosen.count <= 100, chosen.allSatisfy(isService) else {
            throw Refusal(.badRequest, "services must be at most 100 names as in s3")
        }
        let (account, _) = try await account(wanted.account, of: user, services)
        guard services.vault != nil else { throw Refusal(.serviceUnavailable, CloudVault.missing) }
        var scan = Scan(
            id: .random(), userID: user.id, kind: .cloud, fileName: nil, uploadBytes: 0, createdAt: services.time.now())
        scan.target = CloudTarget(account: account.id, name: account.name, services: chosen)
        try await services.store.create(scan)
        do { try await services.queue.add(Job(scan: scan.id), to: .scan) } catch {
            // Who is refused has started nothing.
            try await services.store.remove(scan.id)
            throw error
        }
        return try JSON.reply(Accepted(scanId: scan.id), status: .accepted)
    }

    private static func validate(_ services: Services, _ request: Request, _ context: APIContext) async throws
        -> Response
    {
        let wanted = try await JSON.body(CloudValidationRequest.self, of: request)
        let (account, prowler) = try await account(wanted.account, of: try context.signedIn(), services)
        guard let vault = services.vault else { throw Refusal(.serviceUnavailable, CloudVault.missing) }
        let credentials: CloudCredentials
        do throws(CloudVault.Unopened) { credentials = try vault.open(account) } catch {
            return try JSON.reply(Validation(ok: false, problems: [error.because]))
        }
        let interruption = Interruption()
        let found = try await withTaskCancellationHandler {
            // Who is told that it took too long is told when the child is gone.
            try await threads.finish {
                try CloudIdentity.ask(
                    prowler, credentials, region: account.regions[0], clock: services.clock,
                    isCancelled: { interruption.isRequested })
            }
        } onCancel: {
            interruption.request()
        }
        return try JSON.reply(
            Validation(
                ok: found.problem == nil, accountId: found.account, arn: found.arn,
                problems: [found.problem].compactMap(\.self)))
    }

    private struct CloudValidationRequest: Decodable {
        let account: String
    }

    /// Another user's account and none at all are answered alike.
    private static func account(_ id: String, of user: User, _ services: Services) async throws -> (
        CloudAccount, Prowler
    ) {
        guard let account = try await services.store.cloudAccount(id, of: user.id) else {
            throw Refusal.noSuchAccount
        }
        guard let prowler = services.prowler, prowler.isInstalled else { throw Refusal(.conflict, Prowler.missing) }
        return (account, prowler)
    }

    // MARK: What a field may hold

    private static func isText(_ text: String, _ length: ClosedRange<Int>, of kind: (UInt8) -> Bool) -> Bool {
        length.contains(text.utf8.count) && text.utf8.allSatisfy(kind)
    }

    /// As in `us-gov-west-1`: it becomes an argument, and must not look like an option.
    static func isRegion(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        guard (3...5).contains(parts.count), parts[0].count == 2, parts.last!.count == 1 else { return false }
        return parts.dropLast().allSatisfy { (1...16).contains($0.count) && $0.allSatisfy(isLetter) }
            && parts.last!.allSatisfy(isDigit)
    }

    /// As in `apigatewayv2`.
    static func isService(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count) && isLetter(text.utf8.first!)
            && text.utf8.allSatisfy { isLetter($0) || isDigit($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isVisible(_ byte: UInt8) -> Bool { (0x21...0x7E).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension CloudProvider: NamedChoice {}
