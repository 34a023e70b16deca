import SystemPackage

/// What an operator asked of `bedplate install`.
struct InstallRequest {
    /// `nil`: a package has brought the programs.
    var source: TrialSource?
    /// `nil`: the profile of this host, or the shipped one.
    var profile: FilePath?
    var settings: [String]
    /// Whether only the plan is wanted.
    var checksOnly = false
    /// Whether the plan shows how files change.
    var showsDifferences = false
    /// Whether nobody is to be asked.
    var isConfirmed = false
    /// How long everything may take to become healthy.
    var limit: Duration
}
