import Testing

@testable import Provisioning

@Suite struct AptListsTests {
    @Test(
        "files of apt are known by the address of their repository",
        arguments: [
            ("https://deb.nodesource.com/node_20.x", "deb.nodesource.com_node%5f20.x_"),
            ("https://repo.mongodb.org/apt/debian/", "repo.mongodb.org_apt_debian_"),
            ("file:/srv/mirror/repo.mongodb.org/apt/debian", "_srv_mirror_repo.mongodb.org_apt_debian_"),
            ("http://reader@mirror.lan:8080/apt~own", "mirror.lan:8080_apt%7eown_"),
        ])
    func names(address: String, prefix: String) { #expect(AptLists.prefix(of: address) == prefix) }

    @Test("every address of a file of sources counts, wherever its line is")
    func addresses() {
        let text = "# URIs: https://no.example\nTypes: deb\nuris: https://a.example/x  https://b.example\nSuites: any\n"
        #expect(AptLists.addresses(in: text) == ["https://a.example/x", "https://b.example"])
    }
}
