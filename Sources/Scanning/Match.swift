/// Where a matcher saw a secret.
struct Match {
    /// What the fingerprint identifies.
    let value: Range<Int>
    /// The part that must look random and be no placeholder: the value without its public prefix.
    let body: Range<Int>
    /// What an excerpt may show of it: a public prefix, or the name it is assigned to.
    let shown: Range<Int>
    let isAssignment: Bool
}
