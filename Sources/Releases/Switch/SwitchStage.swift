/// How far a switch has come. Each is recorded before what it names happens.
package enum SwitchStage: String, Codable, Sendable, CaseIterable {
    /// The servers of the idle slot are started, until all of them are healthy.
    case starting
    /// Its smoke checks run.
    case smoking
    /// It is shown at the front door's preview.
    case previewing
    /// The migration of its release runs.
    case migrating
    /// nginx reads a candidate configuration.
    case testing
    /// A share of the clients is sent to the new slot, and watched.
    case sharing
    /// `live.conf` names the new slot, and nginx reads it.
    case flipping
    /// The front door is asked which slot answers.
    case verifying
    /// Workers and scheduler of the new slot take over from those of the old one.
    case handing
    /// The new slot is watched with all traffic on it.
    case watching
    /// The old slot finishes what it has.
    case draining
    /// The old slot is stopped.
    case stopping
    /// Something failed after the first reload: traffic goes back to the old slot.
    case returning
    /// The slot that was to be live is stopped again.
    case abandoning
}
