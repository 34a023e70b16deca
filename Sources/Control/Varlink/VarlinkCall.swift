/// One call, as it travels: `{"method": …, "parameters": {…}, "more": true}` and a NUL byte.
package struct VarlinkCall: Sendable, Equatable {
    package var method: String
    package var parameters: JSON
    /// The caller reads replies until one comes without `continues`.
    package var more: Bool
    /// The caller wants no reply.
    package var oneway: Bool

    package init(method: String, parameters: JSON = .object([:]), more: Bool = false, oneway: Bool = false) {
        self.method = method
        self.parameters = parameters
        self.more = more
        self.oneway = oneway
    }

    /// Reads a message without its NUL; `nil` when it is no call.
    package init?(_ message: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: message), let method = json["method"]?.stringValue else { return nil }
        let parameters = json["parameters"] ?? .object([:])
        self.init(
            method: method, parameters: parameters.isNull ? .object([:]) : parameters,
            more: json["more"]?.boolValue ?? false, oneway: json["oneway"]?.boolValue ?? false)
    }

    package var message: [UInt8] {
        var members: [String: JSON] = ["method": .string(method), "parameters": parameters]
        if more { members["more"] = .bool(true) }
        if oneway { members["oneway"] = .bool(true) }
        return JSON.object(members).bytes + [0]
    }
}

/// One reply, as it travels.
package struct VarlinkReply: Sendable, Equatable {
    package var result: Result<JSON, ControlError>
    /// Another reply to the same call follows.
    package var continues: Bool

    package init(_ result: Result<JSON, ControlError>, continues: Bool = false) {
        self.result = result
        self.continues = continues
    }

    package init?(_ message: some Collection<UInt8>) {
        guard let json = try? JSON(parsing: message), case .object = json else { return nil }
        let parameters = json["parameters"] ?? .object([:])
        if let error = json["error"]?.stringValue {
            self.init(.failure(ControlError(name: error, parameters: parameters)))
        } else {
            self.init(.success(parameters), continues: json["continues"]?.boolValue ?? false)
        }
    }

    package var message: [UInt8] {
        var members: [String: JSON] = [:]
        switch result {
        case .success(let parameters): members["parameters"] = parameters
        case .failure(let error):
            members["error"] = .string(error.name)
            members["parameters"] = error.parameters
        }
        if continues { members["continues"] = .bool(true) }
        return JSON.object(members).bytes + [0]
    }
}
