import Foundation
import HTTPTypes
import Platform
import SystemPackage
import Testing

@Suite("Clouds over HTTP")
struct CloudRouteTests {
    private static func body(
        name: String = "mine", key: String = CloudAccount.sampleKey, secret: String = CloudAccount.sampleSecret,
        regions: String = #"["eu-central-1"]"#, more: String = ""
    ) -> String {
        #"{"provider":"aws","name":"\#(name)","access_key_id":"\#(key)","secret_access_key":"\#(secret)","regions":\#(regions)\#(more)}"#
    }

    @Test(
        "an account is added, listed without its secret, and removed; nobody else sees it, and its name is taken once")
    func life() async throws {
        let clouds = try CloudBench()
        let (user, token) = try await clouds.bench.setUp()
        _ = try await clouds.bench.store.add(CloudAccount.sample(id: "other", user: "somebody"))
        try await clouds.bench.api { (client) async throws in
            let made = try await client.post("/api/cloud-accounts", Self.body(), token: token)
            #expect(made.status == 201 && made.string("key_ending") == "WXYZ" && made.string("name") == "mine")
            let list = try await client.get("/api/cloud-accounts", token: token)
            #expect(list.items.map { $0["id"] as? String } == [made.string("id")])
            for reply in [made, list] {
                #expect(!reply.text.contains(CloudAccount.sampleSecret) && !reply.text.contains(CloudAccount.sampleKey))
            }
            let again = try await client.post("/api/cloud-accounts", Self.body(), token: token)
            #expect(again.status == 409 && again.detail == "there is a cloud account of that name already")
            for id in ["other", "none", "..%2f"] {
                let path = "/api/cloud-accounts/\(id)"
                let removed = try await client.send(.delete, path, token: token)
                #expect(removed.status == 404 && removed.detail == "there is no such cloud account")
                for route in ["/api/cloud-scans/", "/api/cloud-scans/validate"] {
                    #expect(try await client.post(route, #"{"account":"\#(id)"}"#, token: token).status == 404)
                }
            }
            let path = "/api/cloud-accounts/\(made.string("id"))"
            #expect(try await client.send(.delete, path, token: token).status == 204)
            #expect(try await client.get("/api/cloud-accounts", token: token).items.isEmpty)
        }
        #expect(try await clouds.bench.store.cloudAccounts(of: "somebody").count == 1)
        #expect(try await clouds.bench.store.cloudAccounts(of: user.id).isEmpty)
    }

    @Test(
        "what is no account is refused with what would do, and without repeating it",
        arguments: [
            body(name: ""), body(name: #"a\u0007"#), body(key: "short"), body(key: "akiaqqqqqqqqqqqqwxyz"),
            body(key: "AKIAQQQQQQQQQQQQ WXYZ"), body(secret: "short"), body(secret: #"not a secret of anybody\n"#),
            body(regions: "[]"), body(regions: #"["--profile"]"#), body(regions: #"["eu-central-1","x"]"#),
            body(regions: #"["eu-central-1\u0000"]"#), body(regions: #"["eu-central-11"]"#),
            body(more: #","session_token":"a b""#), body(more: #","session_token":"""#),
            body().replacing("aws", with: "mars"), "{}", "[]",
        ])
    func refused(json: String) async throws {
        let clouds = try CloudBench()
        let (user, token) = try await clouds.bench.setUp()
        let reply = try await clouds.bench.api { try await $0.post("/api/cloud-accounts", json, token: token) }
        #expect(reply.status == 400 && reply.detail?.isEmpty == false, "\(reply.text)")
        #expect(!reply.text.contains("anybody"))
        #expect(try await clouds.bench.store.cloudAccounts(of: user.id).isEmpty)
    }

    @Test(
        "a scan of an account is a queued scan of kind cloud that names it; services that look like options are refused"
    )
    func scan() async throws {
        let clouds = try CloudBench()
        let bench = clouds.bench
        let (user, token) = try await bench.setUp()
        _ = try await bench.store.add(CloudAccount.sample(user: user.id))
        try await bench.api { (client) async throws in
            for services in [#"["--help"]"#, #"["s3 iam"]"#, #"["S3"]"#, #"[""]"#, #"["3s"]"#, #"[1]"#] {
                let reply = try await client.post(
                    "/api/cloud-scans/", #"{"account":"account-1","services":\#(services)}"#, token: token)
                #expect(reply.status == 400, "\(services)")
            }
            let reply = try await client.post(
                "/api/cloud-scans/", #"{"account":"account-1","services":["s3","iam"]}"#, token: token)
            #expect(reply.status == 202)
            let scan = try await client.get("/api/scans/\(reply.string("scan_id"))", token: token)
            let cloud = scan.json["cloud"] as? [String: Any]
            #expect(scan.string("kind") == "cloud" && scan.string("status") == "queued")
            #expect(cloud?["name"] as? String == "mine" && cloud?["services"] as? [String] == ["s3", "iam"])
            let list = try await client.get("/api/scans?kind=cloud", token: token)
            #expect(list.items.count == 1)
        }
        #expect(try await bench.queue.counts(of: .scan).waiting == 1)
    }

    @Test("without Prowler a scan is refused with what to do, and without the key nothing is stored")
    func lacking() async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        _ = try await bench.store.add(CloudAccount.sample(user: user.id))
        try await bench.api { (client) async throws in
            for route in ["/api/cloud-scans/", "/api/cloud-scans/validate"] {
                let reply = try await client.post(route, #"{"account":"account-1"}"#, token: token)
                #expect(reply.status == 409 && reply.detail?.contains("add 'scanners: [prowler]'") == true)
            }
            let reply = try await client.post("/api/cloud-accounts", Self.body(name: "new"), token: token)
            #expect(reply.status == 503 && reply.detail?.contains("CLOUD_ENCRYPTION_KEY") == true)
        }
        #expect(try await bench.store.scans(of: user.id, matching: ScanFilter(), after: nil, limit: 9).items.isEmpty)
    }
}

@Suite("Whose credentials an account has (runtime)")
struct CloudValidationRuntimeTests {
    private func validate(_ clouds: CloudBench, key: String = CloudAccount.sampleKey) async throws -> [String: Any] {
        let (user, token) = try await clouds.bench.setUp()
        let credentials = CloudCredentials(
            keyID: key, secretKey: CloudAccount.sampleSecret, sessionToken: nil)
        let sealed = try clouds.vault.seal(credentials, for: "account-1", of: user.id)
        _ = try await clouds.bench.store.add(CloudAccount.sample(user: user.id, sealed: sealed))
        let reply = try await clouds.bench.api {
            try await $0.post("/api/cloud-scans/validate", #"{"account":"account-1"}"#, token: token)
        }
        #expect(reply.status == 200 && !reply.text.contains(CloudAccount.sampleSecret))
        return reply.json
    }

    /// The answer to a validation whose child hangs, while the clock of the API goes on by `span`.
    private func hanging(_ limits: TimeLimits = .standard, for span: Duration) async throws -> Client.Reply {
        let place = try ScratchFolder()
        let clouds = try CloudBench(script: "exit 0") { $0.limits = limits }
        try CloudBench.write(
            "#!/bin/sh\n" + CloudBench.hanging(in: place),
            to: clouds.prowler.program.removingLastComponent().appending("python").string)
        let (user, token) = try await clouds.bench.setUp()
        _ = try await clouds.bench.store.add(CloudAccount.sample(sealedBy: clouds.vault, user: user.id))
        async let answer = clouds.bench.api {
            try await $0.post("/api/cloud-scans/validate", #"{"account":"account-1"}"#, token: token)
        }
        #expect(try await eventually { CloudBench.hangs(in: place) })
        clouds.bench.clock.advance(by: span)
        let reply = try await answer
        #expect(!CloudBench.hangs(in: place), "nothing of it goes on once it is answered")
        return reply
    }

    @Test("a provider that does not answer within a minute is said to, and who asked it is gone")
    func silent() async throws {
        let reply = try await hanging(for: .seconds(60))
        #expect(reply.status == 200 && reply.json["ok"] as? Bool == false)
        #expect(reply.json["problems"] as? [String] == ["AWS did not answer within a minute"])
    }

    @Test("a validation that has not ended within the time limit of its route is 504, and who asked is gone")
    func timedOut() async throws {
        let limits = TimeLimits(tiers: [("/api/cloud-scans/", .seconds(20))], otherwise: .seconds(30))
        let reply = try await hanging(limits, for: .seconds(20))
        #expect(reply.status == 504 && reply.detail?.isEmpty == false)
    }

    @Test("with another CLOUD_ENCRYPTION_KEY it says that, and what to do, and nobody is asked")
    func anotherKey() async throws {
        let clouds = try CloudBench(script: "exit 0")
        let (user, token) = try await clouds.bench.setUp()
        let before = try CloudBench(vaultByte: 2).vault
        _ = try await clouds.bench.store.add(CloudAccount.sample(sealedBy: before, user: user.id))
        let reply = try await clouds.bench.api {
            try await $0.post("/api/cloud-scans/validate", #"{"account":"account-1"}"#, token: token)
        }
        #expect(reply.status == 200 && reply.json["ok"] as? Bool == false)
        #expect(
            reply.json["problems"] as? [String] == [
                "the credentials of the cloud account 'mine' cannot be decrypted: CLOUD_ENCRYPTION_KEY is not the key "
                    + "they were stored with; remove the account and add it again"
            ])
    }

    @Test("is told as the provider says it, or what is wrong in words")
    func answers() async throws {
        let good = try await validate(CloudBench())
        #expect(good["ok"] as? Bool == true && good["account_id"] as? String == "123456789012")
        #expect(good["arn"] as? String == "arn:aws:iam::123456789012:user/alice")
        let expired = try await validate(CloudBench(), key: "AKIAQQQQQQQQQEXPIRED")
        #expect(expired["ok"] as? Bool == false)
        #expect(expired["problems"] as? [String] == ["the session token has expired"])
    }

    @Test(
        "an answer that makes no sense is no answer",
        arguments: ["exit 1", "echo hello", "echo '{\"account\": 7}'", "yes", "echo '[]'", "kill -9 $$"])
    func nonsense(script: String) async throws {
        let clouds = try CloudBench(script: "exit 0")
        try CloudBench.write(
            "#!/bin/sh\n\(script) | head -c 200000\n",
            to: clouds.prowler.program.removingLastComponent().appending("python").string)
        let answer = try await validate(clouds)
        #expect(answer["ok"] as? Bool == false && (answer["problems"] as? [String])?.count == 1)
    }
}
