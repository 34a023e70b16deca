import HostLinux
import Testing

@Suite struct AptSourcesTests {
    @Test("a source that may stand still is known by the address of its index, however its file says it")
    func frozen() {
        let lines = """
            # deb [check-valid-until=no] http://comment.example suite main
            deb [ arch=amd64 check-valid-until=no ] http://a.example/debian/ bookworm main contrib
            deb-src [check-valid-until=false] http://b.example/flat ./
            deb [check-valid-until=yes] http://c.example bookworm main
            deb http://d.example bookworm main
            deb [check-valid-until=no] cut-off
            """
        #expect(
            AptSources.frozen(inLines: lines) == [
                "http://a.example/debian/dists/bookworm/InRelease", "http://b.example/flat/./InRelease",
            ])
        let stanzas = """
            # Check-Valid-Until: no
            Types: deb
            URIs: http://c.example
            Suites: bookworm

            types: deb
            uris: http://a.example/debian file:/srv/b/
            suites: bookworm
            # in between
             bookworm-updates
            check-valid-until: No

            URIs: http://d.example
            Suites: bookworm
            Check-Valid-Until: yes
            """
        let places = ["http://a.example/debian", "file:/srv/b"]
        #expect(
            AptSources.frozen(inStanzas: stanzas)
                == Set(places.flatMap { ["\($0)/dists/bookworm/InRelease", "\($0)/dists/bookworm-updates/InRelease"] }))
    }
}
