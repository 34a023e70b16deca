import Control
import CoreTypes

/// What children say of themselves.
extension Supervisor {
    /// Only a process of a run speaks for it.
    func hear(_ notice: Notice, from sender: Int32) {
        guard let main = children.main(above: sender) else { return }
        // The journal is a line away, the next snapshot up to a second.
        if notice.isReady || notice.isStopping { journal.add(main, isReady: notice.isReady && !notice.isStopping) }
        tell(.notified(main.instance, main.run, notice))
    }
}
