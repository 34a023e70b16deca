package import CoreTypes

/// What a deploy did.
package struct DeployReport: Sendable, Equatable {
    package var release: ReleaseID
    package var slot: Slot
    /// Whether the slot has the traffic: the first release gets it at once, and one that is live already has it.
    package var isLive: Bool
    /// Whether it was there and live already: nothing was done.
    package var wasThere = false
    /// Whether everything it needs was built already.
    package var isBuildReused = false
    /// Whether its Python environment was made for another release with the same requirements; `nil`: it has none.
    package var isEnvironmentReused: Bool?
    /// How long building took.
    package var building = Duration.zero
    /// How many smoke checks it passed.
    package var smokeChecks = 0
    package var warnings: [String] = []
    /// Releases that were removed, as there are enough later ones.
    package var removed: [ReleaseID] = []

    init(release: ReleaseID, slot: Slot, isLive: Bool) {
        self.release = release
        self.slot = slot
        self.isLive = isLive
    }
}
