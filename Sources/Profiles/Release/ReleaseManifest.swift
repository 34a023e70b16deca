/// What a release says of itself in its `bedplate.yaml`: how it is built, what must load, how it is tried.
package struct ReleaseManifest: Sendable, Equatable {
    /// The file's name, at the top of a release.
    package static let fileName = "bedplate.yaml"

    package var build = Build()
    /// `nil`: the profile's.
    package var entryPoints: [EntryPoint]?
    /// Modules that must be importable; `nil`: those of every package that the requirements name.
    package var criticalModules: [String]?
    /// Modules whose absence is only worth a warning.
    package var optionalModules: [String] = []
    /// A command that is run once before the release gets traffic; empty: none. May hold placeholders.
    package var migrate: [String] = []
    package var smoke: [SmokeCheck] = []

    /// Of a release without the file.
    package init() {}

    package struct Build: Sendable, Equatable {
        /// Relative to the release.
        package var requirements = "requirements.txt"
        /// What makes the static pages; empty: the `build` script of `package.json`.
        package var commands: [[String]] = []
        /// The folder of static pages, relative to the release.
        package var pages = "dist"

        package init() {}
    }
}
