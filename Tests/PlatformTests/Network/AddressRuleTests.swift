import Platform
import Testing

@Suite("Where a typed URL may lead")
struct AddressRuleTests {
    @Test(
        "private, loopback, link-local, metadata and other special addresses are refused, in IPv6's clothes, too",
        arguments: [
            "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
            "169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1",
            "224.0.0.1", "255.255.255.255", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1",
            "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1",
            "2002:a00:1::1", "2001:db8::1", "2001:0:1::1",
        ])
    func refused(text: String) throws {
        #expect(!AddressRule().admits(try #require(IPAddress(text))))
    }

    @Test(
        "public addresses are admitted",
        arguments: ["1.1.1.1", "93.184.215.14", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
    func admitted(text: String) throws {
        #expect(AddressRule().admits(try #require(IPAddress(text))))
    }

    @Test("the operator's ranges are admitted, and nothing beside them")
    func allowed() throws {
        let rule = AddressRule(allowing: ["10.0.0.0/8", "fd00::/8"].compactMap { IPRange($0) })
        for text in ["10.1.2.3", "fd12::1", "::ffff:10.0.0.1", "1.1.1.1"] {
            #expect(rule.admits(try #require(IPAddress(text))))
        }
        for text in ["127.0.0.1", "192.168.0.1", "fe80::1", "169.254.169.254"] {
            #expect(!rule.admits(try #require(IPAddress(text))))
        }
    }
}
