import Control
import CoreTypes
import Glibc

/// The methods of the control socket.
extension Supervisor {
    /// Lines of one reply at most, so that no message outgrows what a client must accept.
    static let maximumLines = 10_000
    static let maximumBatch = 256 << 10
    static let maximumSamples = 200
    /// What the status of a failed instance shows of its log.
    static let lastLines = 20
    /// In characters.
    static let longestLastLine = 2000

    func answer(_ call: VarlinkCall, _ client: ControlConversation) {
        // Whoever hears that an instance is down may rely on what that means: its last lines, its event, no credentials.
        settle()
        let parts = call.method.split(separator: ".", omittingEmptySubsequences: false)
        let interface = parts.dropLast().joined(separator: ".")
        let word = String(parts.last ?? "")
        do throws(ControlError) {
            switch interface {
            case ControlInterface.service: client.reply(.success(try answerService(word, call)), to: call)
            case ControlInterface.name:
                guard let method = ControlMethod(rawValue: word) else {
                    throw .methodNotFound(call.method)
                }
                guard client.permission >= (method.onlyLooks ? .look : .change) else {
                    throw .notPermitted(call.method)
                }
                try answer(method, call, client)
            default: throw .interfaceNotFound(interface)
            }
        } catch { client.reply(.failure(error), to: call) }
    }

    private func answerService(_ word: String, _ call: VarlinkCall) throws(ControlError) -> JSON {
        switch word {
        case "GetInfo":
            return .object([
                "vendor": .string("Bedplate"), "product": .string("bedplated"), "version": .string(version),
                "url": .string(""),
                "interfaces": .array([.string(ControlInterface.service), .string(ControlInterface.name)]),
            ])
        case "GetInterfaceDescription":
            switch call.parameters["interface"]?.stringValue {
            case ControlInterface.name: return .object(["description": .string(ControlInterface.description)])
            case ControlInterface.service:
                return .object(["description": .string(ControlInterface.serviceDescription)])
            case nil: throw .invalidParameter("interface")
            case let name?: throw .interfaceNotFound(name)
            }
        default: throw .methodNotFound(call.method)
        }
    }

    private func answer(
        _ method: ControlMethod, _ call: VarlinkCall, _ client: ControlConversation
    ) throws(ControlError) {
        if !method.onlyLooks, method != .shutdown, machine.isShuttingDown { throw .shuttingDown }
        switch method {
        case .status: client.reply(.success(try encode(status())), to: call)
        case .start:
            tell(.asked(.start(try instances(call))))
            save()
            client.reply(.success(.object([:])), to: call)
        case .stop:
            tell(.asked(.stop(try instances(call))))
            save()
            client.reply(.success(.object([:])), to: call)
        case .restart:
            tell(.asked(.restart(try instances(call))))
            save()
            client.reply(.success(.object([:])), to: call)
        case .signal:
            try signal(call)
            client.reply(.success(.object([:])), to: call)
        case .apply: client.reply(.success(try encode(try apply(call))), to: call)
        case .logs: try logs(call, client)
        case .events: events(call, client)
        case .metrics: try metrics(call, client)
        case .announce:
            try announce(call)
            client.reply(.success(.object([:])), to: call)
        case .reexecute:
            client.reply(.success(.object([:])), to: call)
            prepareReexecution()
        case .shutdown:
            client.reply(.success(.object([:])), to: call)
            shutdown()
        }
    }

    private func encode(_ value: some Encodable) throws(ControlError) -> JSON {
        do { return try JSON(encoding: value) } catch { throw .invalidParameter("\(error)") }
    }

    private func instance(named text: String) throws(ControlError) -> InstanceName {
        guard let name = try? InstanceName(text), machine.instances[name] != nil else { throw .unknownInstance(text) }
        return name
    }

    private func instances(_ call: VarlinkCall) throws(ControlError) -> [InstanceName] {
        guard case .array(let list)? = call.parameters["instances"] else { throw .invalidParameter("instances") }
        var names: [InstanceName] = []
        for entry in list {
            guard let text = entry.stringValue else { throw .invalidParameter("instances") }
            names.append(try instance(named: text))
        }
        return names
    }

    private func instance(_ call: VarlinkCall) throws(ControlError) -> InstanceName {
        guard let text = call.parameters["instance"]?.stringValue else { throw .invalidParameter("instance") }
        return try instance(named: text)
    }

    func status() -> StatusReply {
        let offset = SystemClock.wall - SystemClock.now.milliseconds
        var statuses = machine.statuses { $0.milliseconds + offset }
        for index in statuses.indices where statuses[index].state == .failed {
            statuses[index].lastLines = LogTail.lines(Self.lastLines, in: "\(directories.logs)/\(statuses[index].name)")
                .map { $0.utf8.count > Self.longestLastLine ? "\($0.prefix(Self.longestLastLine)) …" : $0 }
        }
        return StatusReply(
            pid: getpid(), version: version, since: started, profile: machine.stack.profile, instances: statuses)
    }

    private func signal(_ call: VarlinkCall) throws(ControlError) {
        let name = try instance(call)
        guard let text = call.parameters["signal"]?.stringValue else { throw .invalidParameter("signal") }
        guard let signal = SignalNumber(text) else { throw .unknownSignal(text) }
        guard let run = machine.instances[name]?.state.run, children.signalMain(run, signal) else {
            throw .notRunning(name.description)
        }
    }

    private func announce(_ call: VarlinkCall) throws(ControlError) {
        guard let word = call.parameters["kind"]?.stringValue, let kind = SupervisorEvent.Kind(rawValue: word),
            kind.isAnnounced
        else { throw .invalidParameter("kind") }
        guard let reason = call.parameters["reason"]?.stringValue else { throw .invalidParameter("reason") }
        note(kind, nil, String(reason.prefix(Self.longestLastLine)))
    }

    private func apply(_ call: VarlinkCall) throws(ControlError) -> ApplyReply {
        guard let json = call.parameters["stack"] else { throw .invalidParameter("stack") }
        let next: Stack
        do { next = try json.decode(Stack.self) } catch { throw .invalidStack([describe(error)]) }
        var problems = next.problems
        if next.directories != directories {
            problems.append("its directories differ from those the supervisor was started with")
        }
        guard problems.isEmpty else { throw .invalidStack(problems) }
        do throws(SystemError) {
            try StackFile.stage(next, at: stackPath)
            if next.live != machine.live { try StackFile.tellLiveSlot(of: next) }
        } catch { throw .notSaved("\(error)") }
        let difference = machine.stack.difference(to: next)
        tell(.asked(.apply(next)))
        for spec in next.instances { logs[spec.name]?.file.policy = spec.logs }
        alignChildren(next)
        outlets?.update(next.logging)
        note(.stackApplied)
        tellMetrics()
        // First which processes are of the old stack: a crash between the two must not take them for the new one's.
        save()
        do throws(SystemError) { try StackFile.putStaged(stackPath) } catch {
            note(.trouble, nil, "the stack runs, but was not saved: \(error)")
        }
        return difference
    }

    // MARK: Streams

    private func lines(_ call: VarlinkCall) -> Int {
        Int(clamping: max(0, min(call.parameters["lines"]?.integerValue ?? 100, Int64(Self.maximumLines))))
    }

    private func follows(_ call: VarlinkCall) -> Bool { call.more && call.parameters["follow"]?.boolValue == true }

    /// Replies with lines in batches; the last says that no more follow, unless `open`.
    private func send(
        _ items: [JSON], as key: String, _ fixed: [String: JSON], to call: VarlinkCall, _ client: ControlConversation,
        open: Bool
    ) {
        var batches: [[JSON]] = [[]]
        var size = 0
        for item in items.reversed() {
            let weight = item.bytes.count
            if size + weight > Self.maximumBatch, size > 0 {
                // One reply is all that a caller without `more` reads: it gets the newest.
                guard call.more else { break }
                batches.append([])
                size = 0
            }
            batches[batches.count - 1].append(item)
            size += weight
        }
        for (index, batch) in batches.reversed().enumerated() {
            let reply = fixed.merging([key: .array(batch.reversed())]) { old, _ in old }
            client.reply(.success(.object(reply)), to: call, continues: open || index < batches.count - 1)
        }
    }

    private func logs(_ call: VarlinkCall, _ client: ControlConversation) throws(ControlError) {
        let name = try instance(call)
        guard let spec = machine.instances[name]?.spec else { throw .unknownInstance(name.description) }
        let follows = follows(call)
        let fixed = ["instance": JSON.string(name.description)]
        let last = LogTail.lines(lines(call), in: "\(directories.logs)/\(name)").map { JSON.string($0) }
        send(last, as: "lines", fixed, to: call, client, open: follows)
        // A client that left while it was answered has nothing to undo at its close any more.
        guard follows, !client.isClosed else { return }
        let log = log(of: spec)
        var skipped = 0
        let token = log.follow { [unowned self, unowned client] bytes in
            let lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
            guard client.keepsUp else {
                skipped += lines.count
                return
            }
            var texts = lines.map { JSON.string(String(decoding: $0, as: UTF8.self)) }
            if skipped > 0 {
                texts.insert(.string("[bedplated: \(skipped) lines were skipped, reading was too slow]"), at: 0)
            }
            skipped = 0
            send(texts, as: "lines", fixed, to: call, client, open: true)
        }
        client.onClose.append { [weak log] in log?.unfollow(token) }
        client.startFollowing()
    }

    /// A reply for each metric, or for a part of one that has many samples.
    private func metrics(_ call: VarlinkCall, _ client: ControlConversation) throws(ControlError) {
        var waiting: JSON?
        var families: [JSON] = []
        eachMetric { family in
            for part in family.parts(of: Self.maximumSamples) {
                guard let json = try? JSON(encoding: part) else { continue }
                if call.more, let waiting {
                    client.reply(.success(.object(["families": .array([waiting])])), to: call, continues: true)
                }
                waiting = json
                if !call.more { families.append(json) }
            }
        }
        if call.more { families = waiting.map { [$0] } ?? [] }
        let reply = JSON.object(["families": .array(families)])
        guard call.more || reply.bytes.count <= Self.maximumBatch else { throw .expectedMore }
        client.reply(.success(reply), to: call)
    }

    private func events(_ call: VarlinkCall, _ client: ControlConversation) {
        let follows = follows(call)
        let last = record.last(lines(call)).compactMap { try? JSON(encoding: $0) }
        send(last, as: "events", [:], to: call, client, open: follows)
        // A client that left while it was answered has nothing to undo at its close any more.
        guard follows, !client.isClosed else { return }
        let token = record.follow { [unowned self, unowned client] event in
            guard client.keepsUp, let json = try? JSON(encoding: event) else { return }
            send([json], as: "events", [:], to: call, client, open: true)
        }
        client.onClose.append { [unowned record] in record.unfollow(token) }
        client.startFollowing()
    }
}
