import CoreTypes
import Testing

@testable import Probing

@Suite("Peers that misbehave, Runtime")
struct MisbehavingPeerRuntimeTests {
    private static let secret = Endpoint.Credentials(user: "app", password: Secret("hunter2", named: "PASSWORD"))

    enum Kind: CaseIterable, Sendable {
        case redis, mongo

        func probe(_ port: Int, timeout: Duration = .milliseconds(300)) -> any StoreProbe {
            let endpoint = Endpoint(port: port, credentials: secret)
            return switch self {
            case .redis: RedisProbe(endpoint, timeout: timeout)
            case .mongo: MongoProbe(endpoint, timeout: timeout)
            }
        }
    }

    @Test("a port nobody listens on is refused", arguments: Kind.allCases)
    func dead(_ kind: Kind) throws {
        #expect(kind.probe(try Loopback.freePort()).check() == .unhealthy(.refused))
    }

    @Test("a peer that accepts and never answers costs the timeout and no more", arguments: Kind.allCases)
    func mute(_ kind: Kind) throws {
        let peer = try Peer(.mute)
        #expect(try shortest(kind.probe(peer.port)) >= .milliseconds(290))
    }

    /// What a check costs that times out. A busy machine makes some checks longer, and none shorter: a check that
    /// stretches its timeout is long every time.
    private func shortest(_ probe: any StoreProbe) throws -> Duration {
        var times: [Duration] = []
        repeat {
            var health: StoreHealth?
            times.append(ContinuousClock().measure { health = probe.check() })
            try #require(health == .unhealthy(.timedOut(after: .milliseconds(300))))
        } while (times.min() ?? .zero) >= .milliseconds(900) && times.count < 10
        let shortest = try #require(times.min())
        #expect(shortest < .milliseconds(900), "of \(times)")
        return shortest
    }

    @Test("a peer that answers one byte at a time does not stretch the timeout of Redis")
    func trickle() throws {
        let peer = try Peer(.trickles(UInt8(ascii: "+")))
        #expect(try shortest(Kind.redis.probe(peer.port)) >= .milliseconds(290))
    }

    @Test("a web server is another kind of server", arguments: Kind.allCases)
    func foreign(_ kind: Kind) throws {
        let peer = try Peer(.says("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"))
        #expect(kind.probe(peer.port, timeout: .seconds(5)).check() == .unhealthy(.wrongServer))
    }

    @Test("a peer that ends the connection at once ends the check, and never the program", arguments: Kind.allCases)
    func closes(_ kind: Kind) throws {
        let peer = try Peer(.closes)
        for _ in 0..<20 {
            let health = kind.probe(peer.port, timeout: .seconds(5)).check()
            #expect(health == .unhealthy(.closed) || health == .unhealthy(.wrongServer))
        }
    }

    @Test("an address that is none is unreachable", arguments: Kind.allCases)
    func nonsense(_ kind: Kind) {
        let endpoint = Endpoint(address: "256.1.1.1", port: 1)
        let probe: any StoreProbe = kind == .redis ? RedisProbe(endpoint) : MongoProbe(endpoint)
        guard case .unhealthy(.unreachable) = probe.check() else {
            Issue.record("expected unreachable, not \(probe.check())")
            return
        }
    }

    @Test("no reason and no rendering of an endpoint holds the password")
    func noPassword() throws {
        let peer = try Peer(.says("-ERR wrong password hunter2\r\n-ERR hunter2\r\n"))
        let endpoint = Endpoint(port: peer.port, credentials: Self.secret)
        let health = RedisProbe(endpoint, timeout: .seconds(1)).check()
        var dumped = ""
        dump(endpoint, to: &dumped)
        for text in ["\(health)", "\(endpoint)", String(reflecting: RedisProbe(endpoint)), dumped] {
            #expect(!text.contains("hunter2"))
        }
    }
}
