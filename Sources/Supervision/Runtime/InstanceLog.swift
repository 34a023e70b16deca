import CLinux
import Control
import CoreTypes
import Glibc

/// The captured output of one instance: two pipes in; one file, any number of followers and the outlets out.
final class InstanceLog {
    let name: InstanceName
    let file: LogFile
    private let pipes: [LogPipe]
    private let loop: EventLoop
    private let ledger: LogLedger
    private let cutter: LineCutter
    private let outlets: LogOutlets
    private var release: ReleaseID?
    private var invocation = ""
    /// By stream; made when a line needs it.
    private var origins: [String: LineOrigin] = [:]
    private var followers: [Int: (UnsafeRawBufferPointer) -> Void] = [:]
    private var nextFollower = 0
    /// Bytes of output, with what was put before each line, since the supervisor's program began.
    private(set) var captured: UInt64 = 0

    init(
        _ name: InstanceName, _ policy: LogPolicy, directories: Stack.Directories, loop: EventLoop, ledger: LogLedger,
        cutter: LineCutter, outlets: LogOutlets, report: @escaping (LogFile.Change) -> Void
    ) {
        self.name = name
        self.loop = loop
        self.ledger = ledger
        self.cutter = cutter
        self.outlets = outlets
        file = LogFile(directory: "\(directories.logs)/\(name)", policy: policy, report: report) { [ledger] size in
            ledger.willWrite(at: size)
        }
        pipes = Self.streams.map { LogPipe(name: "\(name).\($0)", in: "\(directories.run)/logs") }
    }

    static let streams = ["out", "err"]

    /// Whose lines come from here on.
    func belongs(to release: ReleaseID?, _ invocation: String) {
        guard release != self.release || invocation != self.invocation else { return }
        self.release = release
        self.invocation = invocation
        origins = [:]
    }

    /// Takes the pipes of a child up again that an earlier supervisor started.
    func reopen() {
        for pipe in pipes {
            pipe.carry = pipe.rest.load()
            if pipe.reader >= 0 || pipe.reopen() { watch(pipe) }
        }
    }

    /// A reading end that outlived the last supervisor: what is in it is read, also when its writer is gone.
    func adopt(_ descriptor: Int32, stream: String) -> Bool {
        guard let index = Self.streams.firstIndex(of: stream) else { return false }
        return pipes[index].adopt(descriptor)
    }

    /// The reading ends, for whoever keeps them while no supervisor runs.
    var readers: [(name: String, descriptor: Int32)] {
        pipes.filter { $0.reader >= 0 }.map { ($0.name, $0.reader) }
    }

    /// Finishes what an earlier supervisor died in: the log is as it was before the step, then the step is done.
    func redo(_ step: LogLedger.Step) {
        guard let pipe = pipes.first(where: { $0.name == step.pipe }) else { return ledger.done() }
        pipe.carry = pipe.rest.load(step.generation)
        if let size = step.sizeBefore { takeBack(to: size) }
        if step.consumed != nil { pipe.carry = [] }
        let shape = shape(of: pipe, step.wall, step.style)
        if step.count > 0 {
            cutter.cut(from: step.consumed ?? 0, step.count, shape, carry: &pipe.carry) { emit($0, $1, step.wall) }
        } else {
            cutter.finish(&pipe.carry, shape) { emit($0, $1, step.wall) }
        }
        outlets.commit()
        pipe.rest.keep(pipe.carry)
        ledger.done()
    }

    private func takeBack(to size: Int64) {
        var status = stat()
        // A smaller one was begun since.
        guard stat(file.path, &status) == 0, Int64(status.st_size) > size else { return }
        truncate(file.path, off_t(size))
    }

    private func shape(of pipe: LogPipe, _ wall: Int64, _ style: LineStyle) -> LineCutter.Step {
        let policy = file.policy
        var step = LineCutter.Step(wall: wall, style: style, most: Int(clamping: file.most))
        let takesLines = outlets.take(policy)
        guard takesLines || style == .json else { return step }
        let origin = origin(of: pipe)
        step.origin = origin
        if takesLines {
            step.line = { [outlets, cutter] line, continues in
                outlets.take(line, policy, time: cutter.time, origin: origin, continues: continues)
            }
        }
        return step
    }

    private func origin(of pipe: LogPipe) -> LineOrigin {
        if let origin = origins[pipe.name] { return origin }
        let stream = pipe.name.hasSuffix(".err") ? "stderr" : "stdout"
        let origin = LineOrigin(name, release: release, invocation: invocation, stream: stream)
        origins[pipe.name] = origin
        return origin
    }

    /// Nothing of it runs: what was left in its pipes and unfinished becomes lines.
    func closeRun() {
        for pipe in pipes where pipe.carry.isEmpty { pipe.carry = pipe.rest.load() }
        drain(limit: 1024)
        finish()
    }

    /// How the pipes compare with those of the run before.
    enum Pipes { case same, fresh, replaced }

    /// The ends for a child's stdout and stderr; the caller closes them. The file is open before the child is there:
    /// what starts is heard, however many descriptors others take afterwards.
    func openForChild(of account: Account?) throws(SpawnFailure) -> (output: Int32, error: Int32, pipes: Pipes) {
        var ends: [Int32] = []
        var change = Pipes.same
        let isFileFresh: Bool
        do throws(SystemError) { isFileFresh = try file.prepare(wall: SystemClock.wall) } catch {
            throw SpawnFailure(error)
        }
        var fresh: [LogPipe] = []
        do throws(SpawnFailure) {
            for pipe in pipes {
                let before = pipe.reader
                let (descriptor, isFresh) = try pipe.openForChild(of: account)
                ends.append(descriptor)
                if isFresh, before < 0 { fresh.append(pipe) }
                if isFresh, before >= 0 {
                    loop.unwatch(before)
                    change = .replaced
                } else if isFresh, change == .same {
                    change = .fresh
                }
                watch(pipe)
            }
        } catch {
            // Whoever waits for a descriptor holds none.
            for end in ends { close(end) }
            for pipe in fresh {
                loop.unwatch(pipe.reader)
                pipe.closeReader()
            }
            if isFileFresh { file.release() }
            throw error
        }
        return (ends[0], ends[1], change)
    }

    private func watch(_ pipe: LogPipe) {
        do throws(SystemError) {
            try loop.watch(pipe.reader, isBulk: true) { [unowned self, unowned pipe] _ in
                // One read a turn: a flood waits for its next turn like everybody else.
                if read(pipe) == .ended { loop.unwatch(pipe.reader) }
            }
        } catch {
            file.append(Array("[bedplated: output is not captured: \(error)]\n".utf8))
        }
    }

    /// Reads what is there, up to `limit` blocks: for the last words of a run.
    func drain(limit: Int = 64) {
        for pipe in pipes where pipe.reader >= 0 {
            var blocks = 0
            while blocks < limit, case .bytes = read(pipe) { blocks += 1 }
        }
    }

    /// What was left unfinished becomes lines: the supervisor is about to exit.
    func finish() {
        for pipe in pipes { finish(pipe, wall: SystemClock.wall) }
    }

    private func finish(_ pipe: LogPipe, wall: Int64) {
        guard !pipe.carry.isEmpty else { return }
        let style = LineStyle(file.policy)
        ledger.begin(pipe, count: 0, wall: wall, style: style)
        cutter.finish(&pipe.carry, shape(of: pipe, wall, style)) { emit($0, $1, wall) }
        outlets.commit()
        pipe.rest.keep(pipe.carry)
        ledger.done()
    }

    /// The instance left the stack: its pipes go, its logs stay.
    func remove() {
        drain()
        finish()
        for pipe in pipes {
            if pipe.reader >= 0 { loop.unwatch(pipe.reader) }
            pipe.unlink()
        }
    }

    private func read(_ pipe: LogPipe) -> LogPipe.Reading {
        let wall = SystemClock.wall
        let style = LineStyle(file.policy)
        // Exactly what is there, so that after a crash it is known how much a read took.
        let count = min(max(pipe.available, 1), ledger.buffer.count)
        ledger.begin(pipe, count: count, wall: wall, style: style)
        let reading = pipe.read(into: ledger.buffer, atMost: count)
        switch reading {
        case .bytes(let count):
            ledger.shorten(to: count)
            cutter.cut(count, shape(of: pipe, wall, style), carry: &pipe.carry) { emit($0, $1, wall) }
            outlets.commit()
            pipe.rest.keep(pipe.carry)
            ledger.done()
        case .ended:
            ledger.done()
            finish(pipe, wall: wall)
        case .empty: ledger.done()
        }
        return reading
    }

    private func emit(_ lines: UnsafeRawBufferPointer, _ consumed: Int?, _ wall: Int64) {
        captured += UInt64(lines.count)
        file.append(lines, at: SystemClock.now, wall: wall)
        for follower in followers.values { follower(lines) }
        guard let consumed else { return }
        outlets.commit()
        ledger.advance(to: consumed, size: file.size)
    }

    // MARK: Followers

    func follow(_ receive: @escaping (UnsafeRawBufferPointer) -> Void) -> Int {
        nextFollower += 1
        followers[nextFollower] = receive
        return nextFollower
    }

    func unfollow(_ token: Int) { followers[token] = nil }
}

extension LogFile {
    func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0, at: SystemClock.now, wall: SystemClock.wall) } }
}
