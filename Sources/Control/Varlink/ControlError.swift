package import CoreTypes

/// Why the supervisor refuses a call.
package enum ControlError: Error, Sendable, Equatable {
    case unknownInstance(String)
    case unknownSignal(String)
    case notRunning(String)
    case invalidStack([String])
    /// A stack that cannot be kept is not run.
    case notSaved(String)
    case notPermitted(String)
    case shuttingDown
    case interfaceNotFound(String)
    case methodNotFound(String)
    case invalidParameter(String)
    case expectedMore
    /// A supervisor of another release has errors we do not know.
    case unknown(name: String, parameters: JSON)

    package var name: String {
        switch self {
        case .unknownInstance: return "\(ControlInterface.name).UnknownInstance"
        case .unknownSignal: return "\(ControlInterface.name).UnknownSignal"
        case .notRunning: return "\(ControlInterface.name).NotRunning"
        case .invalidStack: return "\(ControlInterface.name).InvalidStack"
        case .notSaved: return "\(ControlInterface.name).NotSaved"
        case .notPermitted: return "\(ControlInterface.name).NotPermitted"
        case .shuttingDown: return "\(ControlInterface.name).ShuttingDown"
        case .interfaceNotFound: return "\(ControlInterface.service).InterfaceNotFound"
        case .methodNotFound: return "\(ControlInterface.service).MethodNotFound"
        case .invalidParameter: return "\(ControlInterface.service).InvalidParameter"
        case .expectedMore: return "\(ControlInterface.service).ExpectedMore"
        case .unknown(let name, _): return name
        }
    }

    package var parameters: JSON {
        switch self {
        case .unknownInstance(let name), .notRunning(let name): return .object(["instance": .string(name)])
        case .unknownSignal(let name): return .object(["signal": .string(name)])
        case .invalidStack(let problems): return .object(["problems": .array(problems.map { .string($0) })])
        case .notSaved(let reason): return .object(["reason": .string(reason)])
        case .notPermitted(let method), .methodNotFound(let method): return .object(["method": .string(method)])
        case .interfaceNotFound(let name): return .object(["interface": .string(name)])
        case .invalidParameter(let name): return .object(["parameter": .string(name)])
        case .shuttingDown, .expectedMore: return .object([:])
        case .unknown(_, let parameters): return parameters
        }
    }

    package init(name: String, parameters: JSON) {
        func text(_ key: String) -> String { parameters[key]?.stringValue ?? "" }
        switch name {
        case "\(ControlInterface.name).UnknownInstance": self = .unknownInstance(text("instance"))
        case "\(ControlInterface.name).UnknownSignal": self = .unknownSignal(text("signal"))
        case "\(ControlInterface.name).NotRunning": self = .notRunning(text("instance"))
        case "\(ControlInterface.name).InvalidStack":
            var problems: [JSON] = []
            if case .array(let list)? = parameters["problems"] { problems = list }
            self = .invalidStack(problems.compactMap(\.stringValue))
        case "\(ControlInterface.name).NotSaved": self = .notSaved(text("reason"))
        case "\(ControlInterface.name).NotPermitted": self = .notPermitted(text("method"))
        case "\(ControlInterface.name).ShuttingDown": self = .shuttingDown
        case "\(ControlInterface.service).InterfaceNotFound": self = .interfaceNotFound(text("interface"))
        case "\(ControlInterface.service).MethodNotFound": self = .methodNotFound(text("method"))
        case "\(ControlInterface.service).InvalidParameter": self = .invalidParameter(text("parameter"))
        case "\(ControlInterface.service).ExpectedMore": self = .expectedMore
        default: self = .unknown(name: name, parameters: parameters)
        }
    }
}

extension ControlError {
    /// What an operator reads; `doing` completes "cannot …".
    package func asOperatorError(doing: String) -> OperatorError {
        switch self {
        case .unknownInstance(let name):
            return OperatorError(
                doing: doing, because: "the stack has no instance '\(name)'",
                next: "see 'bedplate status' for those it has",
                cause: self, exit: .usage)
        case .unknownSignal(let name):
            return OperatorError(
                doing: doing, because: "'\(name)' is no signal", next: "name it as in TERM, HUP or USR1", cause: self,
                exit: .usage)
        case .notRunning(let name):
            return OperatorError(doing: doing, because: "\(name) is not running", cause: self)
        case .notSaved(let reason):
            return OperatorError(
                doing: doing, because: "the stack could not be kept: \(reason)",
                next: "make room and run this again; the earlier stack runs on", cause: self)
        case .invalidStack(let problems):
            return OperatorError(
                doing: doing, because: "the stack cannot be run: \(problems.joined(separator: "; "))", cause: self,
                exit: .usage)
        case .notPermitted:
            return OperatorError(
                doing: doing, because: "you may look at this stack, not change it",
                next: "ask as root, or as the user that runs the supervisor", cause: self)
        case .shuttingDown:
            return OperatorError(doing: doing, because: "the supervisor is stopping", cause: self, exit: .retry)
        case .interfaceNotFound(let name), .methodNotFound(let name):
            return OperatorError(
                doing: doing, because: "the running supervisor does not know '\(name)'",
                next: "it is of another release; stop it and start it again with this one", cause: self)
        case .invalidParameter(let name):
            return OperatorError(doing: doing, because: "the supervisor does not accept '\(name)'", cause: self)
        case .expectedMore:
            return OperatorError(
                doing: doing, because: "the supervisor has more to say than was asked for", cause: self)
        case .unknown(let name, let parameters):
            let details = String(decoding: parameters.bytes, as: UTF8.self)
            return OperatorError(
                doing: doing, because: "the supervisor refuses with \(name) \(details)",
                next: "it is of another release; stop it and start it again with this one", cause: self)
        }
    }
}
