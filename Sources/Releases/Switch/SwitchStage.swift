/// How far a switch has come. Each is recorded before what it names happens.
package enum SwitchStage: String, Codable, Sendable, CaseIterable {
    /// The idle slot is started, until all of it is healthy.
    case starting
    /// nginx reads a candidate configuration.
    case testing
    /// `live.conf` names the new slot, and nginx reads it.
    case flipping
    /// The front door is asked which slot answers.
    case verifying
    /// The old slot finishes what it has.
    case draining
    /// The old slot is stopped.
    case stopping
    /// Something failed after the flip: traffic goes back to the old slot.
    case returning
    /// The slot that was to be live is stopped again.
    case abandoning
}
