package import CoreTypes

/// Speaks to a running supervisor over its control socket. Every call makes a connection of its own and blocks.
package struct ControlClient: SupervisorClient {
    private let path: String
    private let timeout: TimeSpan

    /// `socket` is `<run directory>/control`; `timeout` bounds the wait for each answer, except while following.
    package init(socket: String, timeout: TimeSpan = .seconds(10)) {
        path = socket
        self.timeout = timeout
    }

    package func status() throws -> StatusReply {
        try ask(.status, doing: "read the status")
    }

    package func start(_ instances: [InstanceName]) throws { try change(.start, instances, verb: "start") }
    package func stop(_ instances: [InstanceName]) throws { try change(.stop, instances, verb: "stop") }
    package func restart(_ instances: [InstanceName]) throws { try change(.restart, instances, verb: "restart") }

    package func signal(_ instance: InstanceName, _ signal: String) throws {
        _ = try call(
            .signal, .object(["instance": .string(instance.description), "signal": .string(signal)]),
            doing: "send \(signal) to \(instance)")
    }

    package func apply(_ stack: Stack) throws -> ApplyReply {
        let doing = "apply the stack"
        return try ask(.apply, .object(["stack": try encode(stack, doing: doing)]), doing: doing)
    }

    package func logs(_ instance: InstanceName, lines: Int, follow: Bool, receive: (LogLine) -> Bool) throws {
        let parameters: [String: JSON] = [
            "instance": .string(instance.description), "lines": .integer(Int64(lines)), "follow": .bool(follow),
        ]
        try stream(.logs, .object(parameters), follow: follow, doing: "read the logs of \(instance)") {
            (reply: LogReply) in
            reply.lines.allSatisfy { receive(LogLine(instance: instance, text: $0)) }
        }
    }

    /// The last `lines` events, then, when `follow`, each new one until `receive` returns false.
    package func events(lines: Int, follow: Bool, receive: (SupervisorEvent) -> Bool) throws {
        let parameters: [String: JSON] = ["lines": .integer(Int64(lines)), "follow": .bool(follow)]
        try stream(.events, .object(parameters), follow: follow, doing: "read the events") { (reply: EventReply) in
            reply.events.allSatisfy(receive)
        }
    }

    package func metrics() throws -> [MetricFamily] {
        var families: [MetricFamily] = []
        try stream(.metrics, .object([:]), follow: false, doing: "read the metrics") { (reply: MetricsReply) in
            for part in reply.families {
                if families.last?.name == part.name {
                    families[families.count - 1].samples += part.samples
                } else {
                    families.append(part)
                }
            }
            return true
        }
        return families
    }

    package func announce(_ kind: SupervisorEvent.Kind, _ reason: String) throws {
        _ = try call(
            .announce, .object(["kind": .string(kind.rawValue), "reason": .string(reason)]), doing: "record an event")
    }

    /// Has the supervisor run its installed program anew, in the same process; returns before it does.
    package func reexecute() throws { _ = try call(.reexecute, .object([:]), doing: "re-execute the supervisor") }

    package func shutdown() throws { _ = try call(.shutdown, .object([:]), doing: "stop the supervisor") }

    private struct LogReply: Decodable { let lines: [String] }
    private struct MetricsReply: Decodable { let families: [MetricFamily] }
    private struct EventReply: Decodable { let events: [SupervisorEvent] }

    // MARK: Calls

    private func change(_ method: ControlMethod, _ instances: [InstanceName], verb: String) throws {
        let names = JSON.array(instances.map { .string($0.description) })
        let doing = "\(verb) \(instances.map(\.description).joined(separator: ", "))"
        _ = try call(method, .object(["instances": names]), doing: doing)
    }

    private func ask<Reply: Decodable>(
        _ method: ControlMethod, _ parameters: JSON = .object([:]), doing: String
    ) throws -> Reply {
        try decode(call(method, parameters, doing: doing), doing: doing)
    }

    private func call(_ method: ControlMethod, _ parameters: JSON, doing: String) throws -> JSON {
        let connection = try ControlConnection(path, timeout: timeout, doing: doing)
        try connection.send(VarlinkCall(method: method.qualified, parameters: parameters).message)
        return try result(of: connection.receive(), doing: doing).parameters
    }

    private func stream<Reply: Decodable>(
        _ method: ControlMethod, _ parameters: JSON, follow: Bool, doing: String, receive: (Reply) -> Bool
    ) throws {
        let connection = try ControlConnection(path, timeout: timeout, doing: doing)
        try connection.send(VarlinkCall(method: method.qualified, parameters: parameters, more: true).message)
        if follow { try connection.waitWithoutLimit() }
        while true {
            let (parameters, continues) = try result(of: connection.receive(), doing: doing)
            guard receive(try decode(parameters, doing: doing)), continues else { return }
        }
    }

    private func result(of message: [UInt8], doing: String) throws -> (parameters: JSON, continues: Bool) {
        guard let reply = VarlinkReply(message) else {
            throw OperatorError(doing: doing, because: "the supervisor's answer at \(path) is not understood")
        }
        switch reply.result {
        case .success(let parameters): return (parameters, reply.continues)
        case .failure(let error): throw error.asOperatorError(doing: doing)
        }
    }

    private func decode<Value: Decodable>(_ json: JSON, doing: String) throws -> Value {
        do { return try json.decode(Value.self) } catch {
            throw OperatorError(
                doing: doing, because: "the supervisor's answer is not understood: \(describe(error))",
                next: "it is of another release; stop it and start it again with this one", cause: error)
        }
    }

    private func encode(_ value: some Encodable, doing: String) throws -> JSON {
        do { return try JSON(encoding: value) } catch {
            throw OperatorError(doing: doing, because: "it cannot be written as JSON: \(error)", cause: error)
        }
    }
}
