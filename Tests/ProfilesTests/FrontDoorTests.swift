import Testing

@testable import Profiles

@Suite("The address of a front door")
struct FrontDoorTests {
    @Test("it is the one a person types: scheme, name, and a port only when it is not the usual one")
    func url() throws {
        var door = try load(small).profile.frontDoor
        door.address = "127.0.0.1"
        door.port = try #require(Port(8080))
        #expect(door.url == "http://127.0.0.1:8080")
        door.names = ["scan.example.org"]
        door.port = try #require(Port(80))
        #expect(door.url == "http://scan.example.org")
        door.tls = FrontDoor.TLS(
            domain: "cert.example.org", email: nil, acme: "https://acme.example.org", plainAddress: "0.0.0.0",
            plainPort: try #require(Port(80)))
        door.port = try #require(Port(443))
        #expect(door.url == "https://cert.example.org")
        door.port = try #require(Port(8443))
        door.tls?.domain = nil
        #expect(door.url == "https://scan.example.org:8443")
    }
}
