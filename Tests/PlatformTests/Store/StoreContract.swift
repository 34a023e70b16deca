import Foundation
import Platform
import Scanning
import Testing

/// What every result store promises; each implementation's suite runs all of it.
struct StorePromise: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let check: @Sendable (any ResultStore, TestTime) async throws -> Void

    init(_ name: String, _ check: @escaping @Sendable (any ResultStore, TestTime) async throws -> Void) {
        testDescription = name
        self.check = check
    }

    /// The store under test keeps results this long.
    static let retention: Duration = .seconds(180 * 86_400)

    static let all: [StorePromise] = setup + scans + findings + lists + keys + webhooks + clouds

    private static func hash() -> PasswordHash { PasswordHash(of: "x", cost: .init(logN: 1, r: 1, p: 1)) }

    private static func scan(of user: String = "u1", _ time: TestTime) -> Scan {
        Scan(id: .random(), userID: user, fileName: "a.zip", uploadBytes: 7, createdAt: time.now)
    }

    private static let setup = [
        StorePromise("a new store is not set up and has nobody") { (store, _) async throws in
            #expect(try await store.setupState() == SetupState(isComplete: false, hasAdministrator: false))
            #expect(try await store.user(named: "admin") == nil)
        },
        StorePromise("the administrator named last before completion is the only one") { store, time in
            let first = User.administrator("first", password: hash(), at: time.now)
            let second = User.administrator("second", password: hash(), at: time.now)
            try await store.putAdministrator(first)
            try await store.putAdministrator(second)
            try await store.completeSetup(fallback: first)
            #expect(try await store.user(named: "first") == nil)
            #expect(try await store.user(named: "second") == second)
            #expect(try await store.user(id: second.id) == second)
        },
        StorePromise("completion without an administrator takes the fallback") { store, time in
            let admin = User.administrator("admin", password: hash(), at: time.now)
            try await store.completeSetup(fallback: admin)
            #expect(try await store.user(named: "admin") == admin)
            #expect(try await store.setupState() == SetupState(isComplete: true, hasAdministrator: true))
        },
        StorePromise("after completion nobody becomes administrator and nothing completes again") { store, time in
            let admin = User.administrator("admin", password: hash(), at: time.now)
            try await store.completeSetup(fallback: admin)
            await #expect(throws: StoreError.setupIsComplete) { try await store.completeSetup(fallback: admin) }
            await #expect(throws: StoreError.setupIsComplete) {
                try await store.putAdministrator(.administrator("intruder", password: hash(), at: time.now))
            }
            #expect(try await store.user(named: "intruder") == nil)
        },
    ]

    private static let scans = [
        StorePromise("a scan comes back as it was put, and an id is taken once") { store, time in
            let scan = scan(time)
            try await store.create(scan)
            #expect(try await store.scan(scan.id) == scan)
            #expect(try await store.scan(.random()) == nil)
            await #expect(throws: StoreError.self) { try await store.create(scan) }
        },
        StorePromise("progress moves forward only and never reaches the end by itself") { store, time in
            let scan = scan(time)
            try await store.create(scan)
            try await store.advance(scan.id, to: 50)
            try await store.advance(scan.id, to: 20)
            let running = try #require(await store.scan(scan.id))
            #expect(running.status == .running && running.progress == 50 && running.startedAt == time.now)
            try await store.advance(scan.id, to: 100)
            #expect(try await store.scan(scan.id)?.progress == 99)
        },
        StorePromise("the first outcome stays, whatever comes later") { store, time in
            let scan = scan(time)
            try await store.create(scan)
            let totals = ScanTotals(files: 3, bytes: 99, skipped: 1)
            #expect(try await store.finish(scan.id, as: .completed(totals)))
            time.advance(by: .seconds(5))
            #expect(try await !store.finish(scan.id, as: .failed(reason: "late")))
            try await store.advance(scan.id, to: 50)
            let final = try #require(await store.scan(scan.id))
            #expect(final.status == .completed && final.progress == 100 && final.reason == nil)
            #expect(final.totals == totals && final.finishedAt == scan.createdAt)
        },
        StorePromise("every outcome is kept with its reason") { store, time in
            for outcome in [
                ScanOutcome.partial(nil, reason: "too many"), .failed(reason: "no ZIP"), .cancelled(reason: "asked"),
            ] {
                let scan = scan(time)
                try await store.create(scan)
                try await store.finish(scan.id, as: outcome)
                let final = try #require(await store.scan(scan.id))
                #expect(final.status == outcome.status && final.reason == outcome.reason)
            }
        },
        StorePromise("pages of scans are newest first, whole, without repeats, and of one user") { store, time in
            var made: [ScanID] = []
            for index in 0..<25 {
                // Several in the same millisecond: the id decides.
                if index.isMultiple(of: 4) { time.advance(by: .milliseconds(1)) }
                let scan = scan(time)
                try await store.create(scan)
                made.append(scan.id)
                try await store.create(Self.scan(of: "u2", time))
            }
            var seen: [Scan] = []
            var position: ScanPosition?
            repeat {
                let page = try await store.scans(of: "u1", matching: ScanFilter(), after: position, limit: 7)
                #expect(page.items.count <= 7)
                seen += page.items
                position = page.next.flatMap { ScanPosition(token: $0.token) }
            } while position != nil
            #expect(Set(seen.map(\.id)) == Set(made) && seen.count == 25)
            #expect(zip(seen, seen.dropFirst()).allSatisfy { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) })
        },
        StorePromise("what each scanner does is noted with its reason and times, and changes nothing else") {
            store, time in
            for kind in ScanKind.allCases {
                let scan = Scan(
                    id: .random(), userID: "u1", kind: kind, fileName: nil, uploadBytes: 7, createdAt: time.now)
                try await store.create(scan)
                try await store.note("syft", .queued, because: nil, in: scan.id)
                try await store.note("secrets", .running, because: nil, in: scan.id)
                let begin = time.now
                time.advance(by: .seconds(3))
                try await store.note("secrets", .partial, because: "why", in: scan.id)
                try await store.note("secrets", .partial, because: "why", in: .random())
                let found = try #require(await store.scan(scan.id))
                #expect(found.status == .queued && found.kind == kind)
                #expect(found.jobs.map(\.scanner) == ["secrets", "syft"])
                var job = ScannerJob(scanner: "secrets")
                (job.status, job.reason) = (.partial, "why")
                (job.startedAt, job.finishedAt) = (begin.milliseconds, time.now.milliseconds)
                #expect(found.jobs.first == job && found.jobs.last == ScannerJob(scanner: "syft"))
            }
        },
        StorePromise("scans of every kind run, end, are listed and go alike") { store, time in
            var ids: [ScanKind: ScanID] = [:]
            for kind in ScanKind.allCases {
                time.advance(by: .seconds(1))
                let scan = Scan(
                    id: .random(), userID: "u1", kind: kind, fileName: nil, uploadBytes: 7, createdAt: time.now)
                ids[kind] = scan.id
                try await store.create(scan)
                try await store.advance(scan.id, to: 10)
                #expect(try await store.add([.sample(1), .sample(2)], to: scan.id) == 2)
                #expect(try await store.finish(scan.id, as: .completed(ScanTotals(files: 1, bytes: 1, skipped: 0))))
                #expect(try await store.findings(of: scan.id, after: nil, limit: 9).items.count == 2)
                #expect(try await store.scan(scan.id)?.counts.total == 2)
            }
            let all = try await store.scans(of: "u1", matching: ScanFilter(), after: nil, limit: 2)
            #expect(all.items.map(\.kind) == [.cloud, .container] && all.next != nil)
            let rest = try await store.scans(of: "u1", matching: ScanFilter(), after: all.next, limit: 2)
            #expect(rest.items.map(\.kind) == [.code] && rest.next == nil)
            for kind in ScanKind.allCases {
                var filter = ScanFilter()
                filter.kind = kind
                let page = try await store.scans(of: "u1", matching: filter, after: nil, limit: 9)
                #expect(page.items.map(\.id) == [ids[kind]])
            }
            for id in ids.values { #expect(try await store.remove(id)) }
            #expect(try await store.scans(of: "u1", matching: ScanFilter(), after: nil, limit: 9).items.isEmpty)
        },
        StorePromise("a page that ends exactly at the limit has no next") { store, time in
            for _ in 0..<3 { try await store.create(scan(time)) }
            #expect(try await store.scans(of: "u1", matching: ScanFilter(), after: nil, limit: 3).next == nil)
            #expect(try await store.scans(of: "u1", matching: ScanFilter(), after: nil, limit: 2).next != nil)
        },
        StorePromise("scans that wait too long are found until they run") { store, time in
            let old = scan(time)
            try await store.create(old)
            time.advance(by: .seconds(61))
            try await store.create(scan(time))
            #expect(try await store.queuedScans(before: time.now - .seconds(60), limit: 9) == [old.id])
            try await store.advance(old.id, to: 1)
            #expect(try await store.queuedScans(before: time.now - .seconds(60), limit: 9) == [])
        },
        StorePromise("results of every kind older than the retention go, with their findings; open scans stay") {
            store, time in
            func scans() async throws -> [Scan] {
                var scans: [Scan] = []
                for kind in ScanKind.allCases {
                    let scan = Scan(
                        id: .random(), userID: "u1", kind: kind, fileName: nil, uploadBytes: 7, createdAt: time.now)
                    scans.append(scan)
                    try await store.create(scan)
                    #expect(try await store.add([.sample(1)], to: scan.id) == 1)
                }
                return scans
            }
            let done = try await scans()
            let open = try await scans()
            for scan in done { try await store.finish(scan.id, as: .failed(reason: "x")) }
            time.advance(by: retention)
            #expect(try await store.expire() == 0)
            time.advance(by: .milliseconds(1))
            let young = try await scans()
            for scan in young { try await store.finish(scan.id, as: .failed(reason: "x")) }
            #expect(try await store.expire() == done.count)
            for scan in done {
                #expect(try await store.scan(scan.id) == nil, "\(scan.kind)")
                #expect(try await store.findings(of: scan.id, after: nil, limit: 9).items.isEmpty, "\(scan.kind)")
            }
            for scan in open + young {
                #expect(try await store.scan(scan.id) != nil, "\(scan.kind)")
                #expect(try await store.findings(of: scan.id, after: nil, limit: 9).items.count == 1, "\(scan.kind)")
            }
        },
    ]

    private static let findings = [
        StorePromise("findings added twice are there once, and counted once") { store, time in
            let scan = scan(time)
            try await store.create(scan)
            let batch: [Finding] = [.sample(1), .sample(2, severity: .low), .sample(3, severity: .low)]
            #expect(try await store.add(batch, to: scan.id) == 3)
            #expect(try await store.add(batch + [.sample(4, severity: .critical)], to: scan.id) == 1)
            #expect(try await store.add(batch, to: scan.id) == 0)
            let counts = try #require(await store.scan(scan.id)).counts
            #expect(counts == SeverityCounts([.high: 1, .low: 2, .critical: 1]))
            #expect(try await store.findings(of: scan.id, after: nil, limit: 99).items.count == 4)
        },
        StorePromise("the same finding belongs to each scan that found it") { store, time in
            let scans = [scan(time), scan(time)]
            for scan in scans {
                try await store.create(scan)
                #expect(try await store.add([.sample(1)], to: scan.id) == 1)
            }
        },
        StorePromise("findings of a scan that is not there are not kept") { (store, _) async throws in
            let id = ScanID.random()
            #expect(try await store.add([.sample(1)], to: id) == 0)
            #expect(try await store.findings(of: id, after: nil, limit: 9).items.isEmpty)
        },
        StorePromise("a scan that has ended takes no more findings") { store, time in
            for kind in ScanKind.allCases {
                let scan = Scan(
                    id: .random(), userID: "u1", kind: kind, fileName: nil, uploadBytes: 7, createdAt: time.now)
                try await store.create(scan)
                #expect(try await store.add([.sample(1)], to: scan.id) == 1)
                try await store.finish(scan.id, as: .cancelled(reason: "asked"))
                #expect(try await store.add([.sample(1), .sample(2)], to: scan.id) == 0)
                #expect(try await store.findings(of: scan.id, after: nil, limit: 9).items == [.sample(1)])
                #expect(try await store.scan(scan.id)?.counts.total == 1)
            }
        },
        StorePromise("a scan that is ended, or removed, while findings come says how many there are, and leaves none") {
            store, time in
            for number in 0..<40 {
                let scan = Scan(
                    id: .random(), userID: "u1", kind: .container, fileName: nil, uploadBytes: 7, createdAt: time.now)
                try await store.create(scan)
                async let added = store.add((0..<20).map { .sample($0) }, to: scan.id)
                if number.isMultiple(of: 2) {
                    #expect(try await store.finish(scan.id, as: .cancelled(reason: "asked")))
                } else {
                    #expect(try await store.remove(scan.id))
                }
                _ = try await added
                let left = try await store.findings(of: scan.id, after: nil, limit: 99).items.count
                #expect(try await store.scan(scan.id)?.counts.total ?? 0 == left)
            }
        },
        StorePromise("pages of findings are worst first, whole, and without repeats") { store, time in
            let scan = scan(time)
            try await store.create(scan)
            let all = (0..<60).map { number in
                Finding.sample(
                    number, severity: Severity.allCases[number % 5], path: "dir.\(number % 3)/f\u{e9} .py")
            }
            try await store.add(all, to: scan.id)
            var seen: [Finding] = []
            var position: FindingPosition?
            repeat {
                let page = try await store.findings(of: scan.id, after: position, limit: 7)
                seen += page.items
                position = page.next.flatMap { FindingPosition(token: $0.token) }
            } while position != nil
            #expect(seen.count == 60 && Set(seen.map(\.fingerprint)).count == 60)
            let order: [Severity] = [.critical, .high, .medium, .low, .info]
            #expect(seen.map { order.firstIndex(of: $0.severity)! } == (0..<60).map { $0 / 12 })
            #expect(seen.first { $0.fingerprint == "f7" } == all[7])
            #expect(Array(seen.prefix(12)).map(\.path) == Array(seen.prefix(12)).map(\.path).sorted())
        },
    ]

    private static let lists = [
        StorePromise("a list is of the wanted status, severity and time only, page by page") { store, time in
            var made: [Scan] = []
            for index in 0..<12 {
                time.advance(by: .seconds(1))
                let scan = scan(time)
                made.append(scan)
                try await store.create(scan)
                if index.isMultiple(of: 2) { try await store.add([.sample(1, severity: .low)], to: scan.id) }
                if index.isMultiple(of: 3) { try await store.finish(scan.id, as: .failed(reason: "x")) }
            }
            func ids(_ adjust: (inout ScanFilter) -> Void) async throws -> [ScanID] {
                var filter = ScanFilter()
                adjust(&filter)
                let first = try await store.scans(of: "u1", matching: filter, after: nil, limit: 3)
                let rest = try await store.scans(
                    of: "u1", matching: filter, after: first.items.last.map { ScanPosition($0) }, limit: 99)
                return (first.items + rest.items).map(\.id)
            }
            func wanted(_ indexes: [Int]) -> [ScanID] { indexes.reversed().map { made[$0].id } }
            #expect(try await ids { $0.status = .failed } == wanted([0, 3, 6, 9]))
            #expect(try await ids { $0.severity = .low } == wanted([0, 2, 4, 6, 8, 10]))
            #expect(try await ids { $0.createdSince = made[8].createdAt } == wanted([8, 9, 10, 11]))
            #expect(try await ids { $0.createdBefore = made[4].createdAt } == wanted([0, 1, 2, 3]))
            let both = try await ids {
                $0.status = .failed
                $0.severity = .low
                $0.createdSince = made[1].createdAt
            }
            #expect(both == wanted([6]))
        },
        StorePromise("a removed scan is gone with its findings, once") { store, time in
            let scans = [scan(time), scan(time)]
            for scan in scans {
                try await store.create(scan)
                try await store.add([.sample(1)], to: scan.id)
            }
            #expect(try await store.remove(scans[0].id))
            #expect(try await !store.remove(scans[0].id))
            #expect(try await store.scan(scans[0].id) == nil)
            #expect(try await store.findings(of: scans[0].id, after: nil, limit: 9).items.isEmpty)
            #expect(try await store.findings(of: scans[1].id, after: nil, limit: 9).items.count == 1)
        },
    ]

    private static let webhooks = [
        StorePromise("a webhook belongs to its user, and goes with its deliveries") { store, time in
            let hooks = (0..<2).map { number in
                Webhook(
                    id: "h\(number)", userID: "u1", url: "https://a.example/\(number)", events: [.failed, .partial],
                    createdAt: time.now + .seconds(number))
            }
            for hook in hooks { try await store.add(hook) }
            #expect(try await store.webhooks(of: "u1") == hooks)
            #expect(try await store.webhooks(of: "u2").isEmpty)
            let entry = WebhookDelivery(webhookID: "h0", scan: .random(), event: .failed, createdAt: time.now)
            try await store.put(entry)
            #expect(try await !store.removeWebhook("h0", of: "u2"))
            #expect(try await store.removeWebhook("h0", of: "u1"))
            #expect(try await store.webhooks(of: "u1") == [hooks[1]])
            #expect(try await store.webhookDelivery(entry.id) == nil)
            // Late news of a webhook that is gone.
            try await store.put(entry)
            #expect(try await store.webhookDelivery(entry.id) == nil)
        },
        StorePromise("a delivery is as it was put last, is listed newest first, and goes with the retention") {
            store, time in
            try await store.add(
                Webhook(id: "h", userID: "u1", url: "https://a.example/", events: [.failed], createdAt: time.now))
            var entries: [WebhookDelivery] = []
            for _ in 0..<3 {
                time.advance(by: .seconds(1))
                entries.append(
                    WebhookDelivery(webhookID: "h", scan: .random(), event: .cancelled, createdAt: time.now))
                try await store.put(entries.last!)
            }
            (entries[1].attempts, entries[1].answer, entries[1].problem) = (1, 500, "it answered 500")
            entries[1].lastAttempt = time.now
            try await store.put(entries[1])
            #expect(try await store.webhookDelivery(entries[1].id) == entries[1])
            (entries[1].answer, entries[1].problem, entries[1].status) = (nil, nil, .delivered)
            try await store.put(entries[1])
            #expect(try await store.webhookDeliveries(of: "h", limit: 9) == entries.reversed())
            #expect(try await store.webhookDeliveries(of: "h", limit: 1) == [entries[2]])
            time.advance(by: retention - .seconds(1))
            _ = try await store.expire()
            #expect(try await store.webhookDeliveries(of: "h", limit: 9) == [entries[2], entries[1]])
        },
    ]

    private static let clouds = [
        StorePromise("a cloud account comes back as it was put, belongs to its user, and its name is taken once") {
            (store, time) async throws in
            let first = CloudAccount.sample(at: time.now)
            time.advance(by: .seconds(1))
            let second = CloudAccount.sample(id: "account-2", name: "two", at: time.now)
            for account in [first, second] { #expect(try await store.add(account)) }
            #expect(try await !store.add(CloudAccount.sample(id: "account-3", sealed: "other", at: time.now)))
            #expect(try await store.add(CloudAccount.sample(id: "account-4", user: "u2", at: time.now)))
            #expect(try await store.cloudAccounts(of: "u1") == [first, second])
            #expect(try await store.cloudAccount("account-1", of: "u1") == first)
            #expect(try await store.cloudAccount("account-1", of: "u2") == nil)
            #expect(try await store.cloudAccount("account-3", of: "u1") == nil)
            #expect(try await !store.removeCloudAccount("account-1", of: "u2"))
            #expect(try await store.removeCloudAccount("account-1", of: "u1"))
            #expect(try await !store.removeCloudAccount("account-1", of: "u1"))
            #expect(try await store.add(CloudAccount.sample(id: "account-5", at: time.now)))
        },
        StorePromise("of accounts of one name that are added at once, one is there") { (store, time) async throws in
            let added = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<8 {
                    group.addTask { try await store.add(CloudAccount.sample(id: "a\(number)", at: time.now)) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(added == 1)
            #expect(try await store.cloudAccounts(of: "u1").count == 1)
        },
        StorePromise("a cloud scan keeps what it looks at") { (store, time) async throws in
            var scan = Scan(
                id: .random(), userID: "u1", kind: .cloud, fileName: nil, uploadBytes: 0, createdAt: time.now)
            scan.target = CloudTarget(account: "a", name: "my \"account\"", services: ["s3", "iam"])
            try await store.create(scan)
            #expect(try await store.scan(scan.id) == scan)
        },
    ]

    private static let keys = [
        StorePromise("an API key is found by its digest, and belongs to its user") { store, time in
            let (key, text) = APIKey.new(
                of: "u1", named: "CI", scopes: [.read, .write], at: time.now, until: time.now + .seconds(60))
            time.advance(by: .seconds(1))
            let (other, _) = APIKey.new(of: "u1", named: "two", scopes: [.read], at: time.now, until: nil)
            for key in [key, other] { try await store.add(key) }
            #expect(try await store.apiKey(digest: APIKey.digest(of: text)) == key)
            #expect(try await store.apiKey(digest: APIKey.digest(of: "osk_x")) == nil)
            #expect(try await store.apiKeys(of: "u1") == [key, other])
            #expect(try await store.apiKeys(of: "u2").isEmpty)
            #expect(try await !store.removeKey(key.id, of: "u2"))
            #expect(try await store.removeKey(key.id, of: "u1"))
            #expect(try await store.apiKey(digest: key.digest) == nil)
        },
        StorePromise("the end of an API key moves nearer, never away") { store, time in
            let (key, _) = APIKey.new(of: "u1", named: "k", scopes: [.read], at: time.now, until: nil)
            try await store.add(key)
            #expect(try await !store.endKey(key.id, of: "u2", at: time.now))
            #expect(try await store.endKey(key.id, of: "u1", at: time.now + .seconds(60)))
            #expect(try await store.endKey(key.id, of: "u1", at: time.now + .seconds(90)))
            #expect(try await store.apiKey(digest: key.digest)?.expiresAt == time.now + .seconds(60))
        },
    ]
}
