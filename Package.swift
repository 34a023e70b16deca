// swift-tools-version: 6.2
// The arrows between modules are the `dependencies:` below; scripts/check holds the imports against them.
import PackageDescription

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

// Packages from elsewhere, each with one home module (docs/design.md says what removing it would cost).
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let paths: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let http: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
// For tests: a channel without a socket.
let embedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")

/// For modules whose work is to wait for others: small code rather than fast code in a release.
let small: [SwiftSetting] = strict + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

func module(
    _ name: String, _ dependencies: [Target.Dependency], links: [LinkerSetting] = [], settings: [SwiftSetting] = strict
) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: settings, linkerSettings: links)
}

func program(_ name: String, _ dependencies: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ module: String, _ dependencies: [Target.Dependency], exclude: [String] = []) -> Target {
    .testTarget(
        name: "\(module)Tests", dependencies: [.init(stringLiteral: module)] + dependencies,
        path: "Tests/\(module)Tests", exclude: exclude, swiftSettings: strict)
}

let package = Package(
    name: "bedplate",
    products: [
        .executable(name: "bedplate", targets: ["bedplate"]),
        .executable(name: "bedplated", targets: ["bedplated"]),
        .executable(name: "bedplate-probe", targets: ["bedplate-probe"]),
        .executable(name: "cspm", targets: ["cspm"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
    ],
    targets: [
        // C: shims and module maps
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        .target(name: "CCurl"),
        // Where libmongoc-dev has them. pkg-config would link the library, which is loaded when it is needed.
        .target(
            name: "CMongoc",
            cSettings: [.unsafeFlags(["-I/usr/include/libmongoc-1.0", "-I/usr/include/libbson-1.0"])]),
        .target(name: "CChild"),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CYAML", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CArchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),

        // The domain and the machine
        module("CoreTypes", []),
        module("Host", ["CoreTypes", paths]),
        module("HostLinux", ["CoreTypes", "Host", "CSystemd", "CLinux", paths, subprocess]),

        module("Fernet", ["CoreTypes", "COpenSSL"]),

        // The installer and the deployer
        module("Profiles", ["CoreTypes", "CYAML"], settings: small),
        module("Secrets", ["CoreTypes", "Host", "Fernet", paths]),
        module(
            "Probing", ["CoreTypes", "CHiredis", "CMongoc", "CSystemd"], links: [.linkedLibrary(":libhiredis.a")]),
        module("Archives", ["CoreTypes", "CArchive", paths]),
        module(
            "Provisioning", ["CoreTypes", "Host", "Profiles", "Secrets", "Probing", "COpenSSL", paths],
            settings: small),
        .target(
            name: "Releases",
            dependencies: ["CoreTypes", "Host", "Profiles", "Secrets", "Control", "Archives", "COpenSSL", paths],
            resources: [.embedInCode("Build/load.py")], swiftSettings: small),
        module(
            "CLI",
            [
                "CoreTypes", "Host", "Provisioning", "Releases", "Control", "Profiles", "Secrets", paths, arguments,
            ], settings: small),

        // The supervisor
        module("Control", ["CoreTypes"]),
        module("Supervision", ["CoreTypes", "Control", "CLinux"]),

        // The bundled platform
        .target(
            name: "Scanning", dependencies: ["CoreTypes", "COpenSSL", paths],
            resources: [.embedInCode("Rules/secrets.json")], swiftSettings: strict),
        module("Images", ["CoreTypes", "Archives", "Scanning", "COpenSSL", paths]),
        module(
            "Platform",
            [
                "CoreTypes", "Scanning", "Archives", "Images", "Fernet", "COpenSSL", "CMongoc", "CHiredis", "CCurl",
                "CChild",
                "CSQLite", paths, http, logging,
            ], links: [.linkedLibrary(":libhiredis.a")]),

        // Mains
        program("bedplate", ["CLI", "HostLinux", "Provisioning", arguments]),
        program("bedplated", ["Supervision", "Control", "CoreTypes"]),
        program("bedplate-probe", ["Probing", "CoreTypes"]),
        program("cspm", ["Platform", "CoreTypes", paths, arguments]),
        // What benchmarks/ runs, and nobody installs
        program("small-spec", ["Provisioning", "Host", "HostLinux", paths], path: "benchmarks/provisioning/Spec"),
        program("queue-benchmark", ["Platform", "CoreTypes", logging], path: "benchmarks/platform/Queue"),
        program("secrets-benchmark", ["Scanning", paths], path: "benchmarks/scanning/Secrets"),

        tests("CoreTypes", []),
        // A machine in memory, for the tests of everything that takes `any Host`.
        .target(
            name: "HostFixtures", dependencies: ["CoreTypes", "Host", "Control", paths], path: "Tests/HostFixtures",
            swiftSettings: strict),
        tests("HostLinux", ["CoreTypes", "Host", paths]),
        tests(
            "Provisioning", ["CoreTypes", "Host", "HostFixtures", "HostLinux", "Profiles", paths], exclude: ["Golden"]),
        tests("Archives", ["CArchive", paths]),
        tests("Profiles", ["CoreTypes"]),
        tests(
            "Releases", ["CoreTypes", "Host", "HostLinux", "HostFixtures", "Profiles", "Control", paths],
            exclude: ["Golden"]),
        tests("Scanning", [paths]),
        // Images made in memory, for the tests of everything that reads some.
        .target(
            name: "ImageFixtures", dependencies: ["CArchive", "COpenSSL"], path: "Tests/ImageFixtures",
            swiftSettings: strict),
        tests("Images", ["CoreTypes", "Archives", "Scanning", "ImageFixtures", paths]),
        tests(
            "Platform",
            ["CoreTypes", "Scanning", "Fernet", "ImageFixtures", "CSQLite", "cspm", paths, http, embedded, logging],
            exclude: ["Store/SQLite/LeftByGRDB"]),
        tests("Probing", ["CoreTypes", "CSystemd", "bedplate-probe"]),
        tests("Fernet", ["CoreTypes"]),
        tests("Secrets", ["CoreTypes", "Host", "HostFixtures", "Fernet", paths]),
        tests("CLI", ["CoreTypes", "Control", "Host", "HostFixtures", "Releases", paths]),
        tests("Control", ["CoreTypes"]),
        tests("Supervision", ["CoreTypes", "Control", "CLinux", "bedplated", "bedplate-probe"]),
    ]
)
