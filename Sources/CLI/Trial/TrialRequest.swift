import SystemPackage

/// What an operator asked of `bedplate trial start`.
struct TrialRequest {
    /// `nil`: the parts are in the root already.
    var source: TrialSource?
    /// `nil`: the profile recorded in the root, or the shipped one.
    var profile: FilePath?
    var settings: [String]
    /// How long everything may take to become healthy.
    var limit: Duration
}
