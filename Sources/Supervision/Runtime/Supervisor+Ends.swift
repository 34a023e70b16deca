import CLinux
import Control
import CoreTypes
import Glibc

/// Processes that ended, and signals to ourselves.
extension Supervisor {
    func readSignals() {
        var info = signalfd_siginfo()
        while read(signals, &info, MemoryLayout<signalfd_siginfo>.size) == MemoryLayout<signalfd_siginfo>.size {
            switch Int32(bitPattern: info.ssi_signo) {
            case SIGCHLD: reap()
            case SIGTERM, SIGINT: shutdown()
            case SIGHUP: prepareReexecution()
            default: break
            }
        }
    }

    func shutdown() {
        guard !machine.isShuttingDown else { return }
        note(.supervisorStopping)
        notifier.stopping()
        tell(.asked(.shutdown))
    }

    func reap() {
        while let reaped = children.reap() {
            switch reaped {
            case .main(let main, let end): ended(main, end)
            case .probe(let pid, let end): probes?.ended(pid: pid, end)
            case .stranger: break
            }
        }
        checkRemainders()
    }

    func ended(_ main: Children.Main, _ end: End) {
        let remains = children.groupRemains(main)
        if remains { remainders[main.run] = main }
        tell(.ended(main.instance, main.run, end, groupRemains: remains))
    }

    func checkRemainders() {
        for (run, main) in remainders where !children.groupRemains(main) {
            remainders[run] = nil
            tell(.groupGone(main.instance, run))
        }
    }
}
