import Foundation
import Testing

@testable import Profiles

@Suite struct ReleaseManifestTests {
    private func read(_ text: String) throws(ProfileProblems) -> ReleaseManifest {
        try ReleaseManifest(ProfileSource(name: "bedplate.yaml", text: text))
    }

    @Test("what a release says of itself is read whole")
    func whole() throws {
        let manifest = try read(
            """
            build: {requirements: deploy/all.txt, commands: [[npm, run, build]], pages: build}
            entry_points: [server:app]
            requirements: {critical: [fastapi], optional: [orjson]}
            migrate: ["{build}/venv/bin/python", migrate.py]
            smoke: [{path: /api/health, status: 204, contains: ok}]
            """)
        #expect(manifest.build.requirements == "deploy/all.txt")
        #expect(manifest.build.commands == [["npm", "run", "build"]])
        #expect(manifest.build.pages == "build")
        #expect(manifest.entryPoints?.map(\.description) == ["server:app"])
        #expect(manifest.criticalModules == ["fastapi"])
        #expect(manifest.optionalModules == ["orjson"])
        #expect(manifest.migrate == ["{build}/venv/bin/python", "migrate.py"])
        #expect(manifest.smoke == [.init(path: "/api/health", status: 204, contains: "ok")])
    }

    @Test("a file that says nothing is the same as none", arguments: ["", "# nothing\n", "{}"])
    func empty(text: String) throws {
        let manifest = try read(text)
        #expect(manifest == ReleaseManifest())
        #expect(manifest.entryPoints == nil && manifest.criticalModules == nil)
    }

    @Test("every mistake is told at once, each with its line")
    func mistakes() {
        let text = """
            smoek: []
            build: {pages: ../../etc, commands: [[]]}
            entry_points: ["server", "a..b:c"]
            migrate: ["{port}", "{nothing}"]
            smoke: [{path: api, status: 99}]
            """
        let error = #expect(throws: ProfileProblems.self) { try read(text) }
        #expect(
            lines(error?.list ?? []) == [
                "1: smoek: this key is unknown smoke",
                "2: build.pages: a path inside of the release has no '..' -",
                "2: build.commands.0: expected at least 1 in this list, not 0 -",
                "3: entry_points.0: expected a Python module and an object in it, such as server:app -",
                "3: entry_points.1: expected a Python module and an object in it, such as server:app -",
                "4: migrate.0: '{port}' stands for nothing here -",
                "4: migrate.1: '{nothing}' stands for nothing here -",
                "5: smoke.0.path: 'api' is not a path that begins with '/', without spaces -",
                "5: smoke.0.status: expected a whole number from 100 to 599, not '99' -",
            ])
    }

    @Test("docs/releases.md has the row of every key, and its example is read")
    func documentation() throws {
        let text = try String(contentsOf: repository.appending(path: "docs/releases.md"), encoding: .utf8)
        let written = text.split(separator: "\n").map(String.init).filter { $0.hasPrefix("| `") }
        #expect(written == ReleaseManifest.rows.map(\.line))
        let example = try #require(text.components(separatedBy: "```yaml\n").dropFirst().first)
        let manifest = try read(example.components(separatedBy: "```")[0])
        #expect(!manifest.smoke.isEmpty)
    }
}
