import CoreTypes
import Host
import HostFixtures
import Releases
import SystemPackage
import Testing

@Suite struct PageBuildTests {
    private static let needy = #"{"scripts":{"build":"vite build"},"devDependencies":{"vite":"5.0.0"}}"#
    private static let plain = #"{"scripts":{"build":"node build.js"},"dependencies":{}}"#

    @Test(
        "the lock file says which program fetches the packages, and only a release that needs some has them fetched",
        arguments: [
            (needy, "package-lock.json", ["npm ci --no-audit --no-fund", "npm run build"]),
            (needy, nil, ["npm install --no-audit --no-fund", "npm run build"]),
            (needy, "yarn.lock", ["yarn install --frozen-lockfile", "yarn run build"]),
            (plain, nil, ["npm run build"]),
            (plain, "yarn.lock", ["yarn run build"]),
            (#"{"scripts":{"test":"vitest"},"dependencies":{"react":"18.0.0"}}"#, "package-lock.json", []),
        ])
    func commands(package: String, lock: String?, expected: [String]) async throws {
        let world = try DeployWorld()
        world.plantBuild()
        world.host.disk.plant("/build/package.json", package)
        if let lock { world.host.disk.plant(FilePath("/build/\(lock)"), "") }
        let release = try await world.deploy().release
        #expect(world.pageCommands == expected)
        let index = world.layout.builds.appending(release.description).appending("dist/index.html")
        #expect(world.host.disk.text(index) == (expected.isEmpty ? nil : "<p>built</p>"))
    }

    @Test("pages that the release brings are taken as they are")
    func brought() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        world.host.disk.plant("/build/package.json", Self.needy)
        world.host.disk.plant("/build/dist/index.html", "<p>brought</p>")
        let release = try await world.deploy().release
        #expect(world.pageCommands.isEmpty)
        let index = world.layout.builds.appending(release.description).appending("dist/index.html")
        #expect(world.host.disk.text(index) == "<p>brought</p>")
    }

    @Test("a build script works in a copy: what it leaves is not in the release, and its folder goes")
    func copy() async throws {
        let world = try DeployWorld()
        world.plantBuild()
        world.host.disk.plant("/build/package.json", Self.plain)
        let release = try await world.deploy().release
        let store = ReleaseStore(host: world.host, layout: world.layout)
        let folder = try #require(world.folders(of: "npm").first)
        #expect(folder != store.directory(of: release))
        #expect(try world.host.files.status(folder) == nil)
        #expect(try world.host.files.status(store.directory(of: release).appending("dist")) == nil)
    }

    @Test("a program that fails, or that puts the pages elsewhere, stops the deploy and is named")
    func failures() async throws {
        let world = try DeployWorld(pages: "out")
        world.plantBuild()
        world.host.disk.plant("/build/package.json", Self.needy)
        world.host.disk.plant("/build/package-lock.json", "")
        let elsewhere = await #expect(throws: OperatorError.self) { try await world.deploy() }
        #expect(elsewhere?.because.contains("'npm run build' made no folder 'dist'") == true)
        world.refuse("ci", saying: "npm error code E404")
        let failed = await #expect(throws: OperatorError.self) { try await world.deploy() }
        #expect(failed?.because.contains("'npm ci --no-audit --no-fund' ended with 1") == true)
        #expect(failed?.because.contains("npm error code E404") == true)
    }
}

extension DeployWorld {
    fileprivate var pageCommands: [String] {
        buildCommands.filter { ["npm", "yarn"].contains($0.first) }.map { $0.joined(separator: " ") }
    }
}
