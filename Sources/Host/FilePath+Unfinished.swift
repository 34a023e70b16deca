package import SystemPackage

extension FilePath {
    /// Where the next content of a file is written before it takes the file's name.
    ///
    /// There is one for each file, so that what a killed program left there is found: by whoever writes the file next, and
    /// by an uninstall.
    package var unfinished: FilePath { removingLastComponent().appending(".\(lastComponent?.string ?? "").new") }
}
