import HTTPTypes
import Platform
import Testing

@Suite("Webhooks over HTTP")
struct WebhookRouteTests {
    @Test("a webhook is made, listed, shows its deliveries, and is removed; nobody else sees it")
    func life() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        let other = Webhook(
            id: "other", userID: "somebody", url: "https://x.example/", events: [.failed], createdAt: bench.time.now)
        try await bench.store.add(other)
        try await bench.api { (client) async throws in
            let made = try await client.post(
                "/api/webhooks", #"{"url":"https://hooks.example/x?y=1","events":["scan.failed"]}"#, token: token)
            #expect(made.status == 201 && made.json["events"] as? [String] == ["scan.failed"])
            let id = made.string("id")
            let list = try await client.get("/api/webhooks", token: token)
            #expect(list.items.map { $0["url"] as? String } == ["https://hooks.example/x?y=1"])
            var delivery = WebhookDelivery(
                webhookID: id, scan: .random(), event: .failed, createdAt: bench.time.now)
            (delivery.attempts, delivery.problem) = (1, "its name is not known")
            try await bench.store.put(delivery)
            let log = try await client.get("/api/webhooks/\(id)/deliveries", token: token)
            #expect(log.items.map { $0["problem"] as? String } == ["its name is not known"])
            #expect(log.items.map { $0["status"] as? String } == ["pending"])
            for id in ["other", "none"] {
                #expect(try await client.get("/api/webhooks/\(id)/deliveries", token: token).status == 404)
                #expect(try await client.send(.delete, "/api/webhooks/\(id)", token: token).status == 404)
            }
            #expect(try await client.send(.delete, "/api/webhooks/\(id)", token: token).status == 204)
            #expect(try await client.get("/api/webhooks", token: token).items.isEmpty)
        }
        #expect(try await bench.store.webhooks(of: "somebody") == [other])
    }

    @Test(
        "a URL that leads nowhere, inside, or holds a password is refused with what would do",
        arguments: [
            "", "hooks.example", "ftp://hooks.example/", "file:///etc/passwd", "https://", "https://u:p@hooks.example/",
            "https://hooks.example/ x", "https://h\u{f6}oks.example/", "https://hooks.example/%zz",
            "https://hooks.example/[", "http://127.0.0.1/", "http://[::1]/", "http://2130706433/",
            "http://169.254.169.254/latest/", "http://0x7f.1/", "https://10.0.0.1:8080/x", "http://[::ffff:10.0.0.1]/",
        ])
    func refused(url: String) async throws {
        let bench = try Bench()
        let (user, token) = try await bench.setUp()
        let reply = try await bench.api { try await $0.post("/api/webhooks", #"{"url":"\#(url)"}"#, token: token) }
        #expect([400, 403].contains(reply.status) && reply.detail?.contains("url") == true, "\(reply.text)")
        #expect(try await bench.store.webhooks(of: user.id).isEmpty)
    }

    @Test(
        "what the API's document says a URL is, it takes, and what it says is none, it refuses",
        arguments: [
            ("http://hooks.example", true), ("https://hooks.example:8443/a/b?c=%20d&e#f", true), ("http://0", true),
            ("https://a_b.-.example./", true), ("https://127.0.0.1:65535?x", true), ("http://[::]", true),
            ("http://[2001:db8::1:2]:1/", true), ("http://[1:2:3:4:5:6:7:8]#", true), ("http://x/'()*+,;=@:!$~", true),
            ("http://", false), ("http://:80/", false), ("http://x:65536/", false),
            ("http://x:/y z", false), ("http://[::1/", false), ("http://[1:2]/", false), ("http://a@b/", false),
            ("http://x/%2", false), ("http://x/\u{e9}", false), ("gopher://x/", false), ("//x", false), ("", false),
        ])
    func pattern(url: String, isOne: Bool) async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await bench.api { (client) async throws in
            let document = try await client.get("/api/openapi.json", token: token).json
            var place: Any? = document
            for key in ["components", "schemas", "WebhookRequest", "properties", "url", "pattern"] {
                place = (place as? [String: Any])?[key]
            }
            let pattern = try Regex(try #require(place as? String))
            #expect((url.firstMatch(of: pattern) != nil) == isOne)
            let reply = try await client.post("/api/webhooks", #"{"url":"\#(url)"}"#, token: token)
            // 403: it is one, and leads inside.
            #expect((isOne ? [201, 403] : [400]).contains(reply.status), "\(reply.text)")
        }
    }

    @Test("events that are none are refused; without events it is all of them; there is an end to how many webhooks")
    func events() async throws {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        try await bench.api { (client) async throws in
            for events in [#"[]"#, #"["scan.exploded"]"#, #"["scan.failed","x"]"#] {
                let reply = try await client.post(
                    "/api/webhooks", #"{"url":"https://a.example/","events":\#(events)}"#, token: token)
                #expect(reply.status == 400)
            }
            for _ in 0..<20 {
                let made = try await client.post("/api/webhooks", #"{"url":"https://a.example/"}"#, token: token)
                #expect(made.status == 201 && (made.json["events"] as? [String])?.count == 4)
            }
            #expect(
                try await client.post("/api/webhooks", #"{"url":"https://a.example/"}"#, token: token).status == 409)
        }
    }
}
