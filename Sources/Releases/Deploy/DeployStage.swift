/// How far a deploy has come; traffic is where it was in all of them.
package enum DeployStage: String, Sendable, CaseIterable {
    /// It is taken into the store of releases, under the name of its content.
    case unpacking
    /// What it needs is made: its Python environment, its static pages.
    case building
    /// What must load is loaded in the new environment.
    case validating
    /// The slot runs it, until all of it is healthy.
    case starting
    /// Its smoke checks are asked.
    case smoking

    package var sentence: String {
        switch self {
        case .unpacking: "unpacking it"
        case .building: "building what it needs"
        case .validating: "loading what it needs"
        case .starting: "starting it, until all of it is healthy"
        case .smoking: "asking its smoke checks"
        }
    }
}

/// What a deploy tells whoever watches it.
package enum DeployProgress: Sendable, Equatable {
    case stage(DeployStage)
    case warning(String)
}
