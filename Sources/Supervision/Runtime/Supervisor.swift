import CLinux
import Control
package import CoreTypes
import Glibc

/// A running stack: turns what the kernel reports into events for the machine, and the machine's actions into system
/// calls. It decides nothing.
package final class Supervisor {
    /// Spawns a turn, so that starting a thousand does not keep the loop from everything else.
    static let spawnsPerTurn = 32
    /// After so many events for the machine, memory that only they needed is given back.
    static let eventsPerTrim = 250

    let stackPath: String
    let version: String
    /// Where we were started from; after an upgrade another file is there.
    let program: String
    let directories: Stack.Directories
    let loop: EventLoop
    let children = Children()
    let ledger: LogLedger
    let cutter: LineCutter
    let record: EventRecord
    let started = SystemClock.wall
    let lock: RunLock
    let stateFile: StateFile
    let spawner: Spawner
    let notifier: ServiceNotifier
    let sockets: ListeningSockets
    /// `nil` when no control groups are delegated to us.
    let groups: ControlGroups?
    let signals: Int32
    var server: ControlServer?
    var metricsServer: MetricsServer?
    /// Metrics cannot be told where the stack wants it; when that is tried again.
    var metricsRetryAt: Moment?
    var probes: ProbeRunner?
    var outlets: LogOutlets?
    var notices: NoticeSocket?
    var clockWatch: ClockWatch?

    var machine: StackMachine
    var logs: [InstanceName: InstanceLog] = [:]
    var actions: [MachineAction] = []
    var spawns = SpawnQueue()
    /// Runs whose main process ended while others of its group remain.
    var remainders: [RunID: Children.Main] = [:]
    /// Runs that are over; what they left behind is looked for at the next sweep.
    var swept: [Children.Main] = []
    var sweepAt: Moment?
    /// Sweeps in a row that found something: who forks as fast as we kill is looked for again, but not for ever.
    var sweepRounds = 0
    /// Instances of which was told that limits or a group of their own cannot be had.
    var unlimited: Set<InstanceName> = []
    var schedule = SaveSchedule()
    var meter = ProbeMeter()
    /// Output that could not be written.
    var lostBytes: [InstanceName: UInt64] = [:]
    /// Of the loop.
    var turns: UInt64 = 0
    /// The line for systemd may no longer be true.
    var isSummaryStale = true
    /// Events since memory was last given back; starting up counts as many.
    var eventsSinceTrim = Supervisor.eventsPerTrim
    /// Metrics of many instances were told; what only they needed is given back.
    var toldManyMetrics = false
    var watchdogAt: Moment?
    var isDone = false
    /// Since HUP, or a request on the control socket, until when at the latest clients are let finish.
    var reexecutesBy: Moment?
    let bootID = ProcessTable.bootID
    let journal: RunJournal
    /// systemd's, where events go too.
    let systemJournal: JournalSocket?

    /// Takes the run directory, loads what an earlier supervisor left, and takes up the stack. Fails only here: once
    /// it runs, it never exits because of an error.
    ///
    /// `journal`: where systemd's journal listens; `nil`: at its usual place if systemd started us.
    package init(stackPath: String, journal journalPath: String? = nil, version: String) throws(OperatorError) {
        let stack = try StackFile.load(stackPath)
        self.stackPath = stackPath
        self.version = version
        program = Files.ownProgram
        directories = stack.directories
        let doing = "start the supervisor"
        let inherited: InheritedDescriptors
        do throws(SystemError) {
            try Self.standardStreams()
            inherited = InheritedDescriptors()
            guard linux_reserve_window() == 0 else { throw SystemError("reserving descriptors") }
            notifier = ServiceNotifier()
            sockets = ListeningSockets(notifier)
            groups = ControlGroups()
            systemJournal = (journalPath ?? (notifier.isConnected ? JournalSocket.standardPath : nil))
                .flatMap { JournalSocket(path: $0) }
            for (path, mode) in [
                (directories.state, 0o750), (directories.logs, 0o750), (directories.run, 0o755),
                ("\(directories.run)/logs", 0o700),
            ] as [(String, mode_t)] { try Files.makeDirectory(path, mode: mode) }
            loop = try EventLoop()
            var limits: (soft: UInt64, hard: UInt64) = (1024, 4096)
            _ = linux_raise_descriptors(&limits.soft, &limits.hard)
            spawner = try Spawner(directories: directories, descriptors: limits)
            signals = try Self.openSignals()
        } catch { throw OperatorError(doing: doing, because: "\(error)", cause: error) }
        lock = try RunLock(directory: directories.run, inherited: inherited.take(DescriptorName.lock))
        linux_become_subreaper()
        record = EventRecord(path: "\(directories.state)/events.jsonl")
        stateFile = StateFile(path: "\(directories.state)/state.json")
        journal = RunJournal(path: "\(directories.run)/\(RunRecord.fileName)", boot: bootID)
        ledger = LogLedger(path: "\(directories.run)/logs/ledger")
        cutter = LineCutter(input: ledger.buffer)
        machine = StackMachine(stack, seed: UInt64.random(in: .min ... .max))
        do throws(SystemError) {
            server = try ControlServer(
                path: "\(directories.run)/control", inherited: inherited.take(DescriptorName.control), loop: loop
            ) { [unowned self] call, client in answer(call, client) }
            notices = try NoticeSocket(
                path: NoticeSocket.path(in: directories), inherited: inherited.take(DescriptorName.notify), loop: loop
            ) { [unowned self] sender, notice in hear(notice, from: sender) }
            try loop.watch(signals) { [unowned self] _ in readSignals() }
            clockWatch = try ClockWatch(loop: loop) { [unowned self] in tell(.clockSet(wall: SystemClock.wall)) }
        } catch { throw OperatorError(doing: doing, because: "\(error)", cause: error) }
        probes = ProbeRunner(
            loop: loop, spawner: spawner, children: children, helper: ProbeProgram.path(beside: program)
        ) { [unowned self] event in
            if case .probeAnswered(_, let probe, let outcome) = event {
                meter.answered(probe, outcome, at: SystemClock.microseconds)
            }
            tell(event)
        }
        outlets = makeOutlets(stack)
        // A disk that is full keeps nobody from running what ran: the file says what it said.
        do throws(SystemError) { try StackFile.tellLiveSlot(of: stack) } catch {
            note(.trouble, nil, "which slot is live was not told to those that stand by: \(error)")
        }
        try takeUp(stack, inherited)
        if let server {
            notifier.keep(server.descriptor, as: DescriptorName.control, replaces: server.replacesInherited)
        }
        if let notices {
            notifier.keep(notices.descriptor, as: DescriptorName.notify, replaces: notices.replacesInherited)
        }
        tellMetrics()
    }

    // MARK: The loop

    /// Runs until everything is stopped.
    package func run() -> ExitCode {
        notifier.ready()
        while !isDone {
            perform()
            save()
            summarize()
            journal.flush()
            record.flush()
            if isDone { break }
            reexecuteIfDue()
            if notifier.hasWaiting { notifier.postWaiting() }
            loop.turn(milliseconds: patience())
            turns += 1
            if toldManyMetrics {
                toldManyMetrics = false
                linux_trim_memory()
            }
            timers()
        }
        leave()
        return .done
    }

    private func patience() -> Int32 {
        if !actions.isEmpty || !spawns.isEmpty { return 0 }
        let moments = [
            machine.nextWake, sweepAt, schedule.dueAt, watchdogAt, reexecutesBy, pollAt, server?.retryAt,
            metricsServer?.deadline, metricsRetryAt, outlets?.nextWake,
        ].compactMap { $0 }
        guard let next = moments.min() else { return -1 }
        // One more millisecond, so that the deadline has passed when we wake.
        return Int32(clamping: max(0, (next - SystemClock.now).milliseconds + 1))
    }

    /// Groups whose members are not our children end without a signal to us, and systemd does not say when it has
    /// room again.
    private var pollAt: Moment? {
        remainders.isEmpty && !notifier.hasWaiting ? nil : SystemClock.now + .milliseconds(50)
    }

    private func timers() {
        let now = SystemClock.now
        if let wake = machine.nextWake, wake <= now { tell(.woke) }
        outlets?.wake(at: now)
        if !remainders.isEmpty { checkRemainders() }
        if let due = sweepAt, due <= now { sweep() }
        server?.retry(at: now)
        metricsServer?.expire(at: now)
        if let retry = metricsRetryAt, retry <= now { tellMetrics() }
        if let interval = notifier.watchdogInterval, watchdogAt.map({ $0 <= now }) ?? true {
            notifier.alive()
            watchdogAt = now + .milliseconds(interval)
        }
    }

    private func summarize() {
        guard isSummaryStale, notifier.isConnected else { return }
        isSummaryStale = false
        notifier.setStatus(machine.isShuttingDown ? "stopping" : machine.summary)
    }

    func tell(_ event: MachineEvent) {
        let now = SystemClock.now
        eventsSinceTrim += 1
        for action in machine.handle(event, at: now) {
            if case .persist(let durable) = action {
                schedule.ask(durable: durable, at: now)
            } else {
                actions.append(action)
            }
        }
    }
}
