import CoreTypes

extension Consistency {
    /// Instances that a stack has besides the profile's.
    private static let reserved = ["nginx": "the front door", "keeper": "what stops the old slot after a switch"]

    mutating func checkName(_ process: ProcessDeclaration, at path: ProfilePath) {
        guard let holder = Self.reserved[process.name.description] else { return }
        report(path, "the name '\(process.name)' is kept for \(holder)")
    }

    mutating func checkCommand(_ process: ProcessDeclaration, at path: ProfilePath) {
        for (index, word) in process.command.enumerated() {
            checkPlaceholders(in: word, of: process, at: path + "command" + index)
            checkArgument(word, at: path + "command" + index)
        }
        for (name, text) in process.environment.sorted(by: { $0.key < $1.key }) {
            checkPlaceholders(in: text, of: process, at: path + "environment" + name)
        }
        guard let program = process.command.first else { return }
        let folders = Placeholder.allCases.filter(\.isFolder).map { "{\($0.rawValue)}/" }
        if !program.hasPrefix("/"), !folders.contains(where: program.hasPrefix),
            Placeholder.unknown(in: program).isEmpty
        {
            report(
                path + "command" + 0,
                "'\(program)' must be absolute or begin with \(folders.joined(separator: ", "))")
        }
    }

    mutating func checkPlaceholders(in text: String, of process: ProcessDeclaration, at path: ProfilePath) {
        for word in Placeholder.unknown(in: text) {
            let near = Placeholder.allCases.map(\.rawValue).closest(to: word).map { "{\($0)}" }
            report(path, "the placeholder '{\(word)}' is unknown", suggestion: near)
        }
        let owner = ProfilePath(["processes", process.name.description])
        if Placeholder.port.occurs(in: text), process.port == nil {
            report(path, "'{port}' needs a port, and '\(process.name)' has none", given: [owner + "port"])
        }
        if Placeholder.slot.occurs(in: text), !process.isSlotted {
            report(path, "'{slot}' needs a slot, and '\(process.name)' is outside them", given: [owner + "slotted"])
        }
    }

    mutating func checkTimes(_ process: ProcessDeclaration, at path: ProfilePath) {
        let restart = process.restart
        if restart.maximum < restart.initial {
            let place = path + "restart" + (isWritten(path + "restart" + "maximum") ? "maximum" : "initial")
            report(
                place, "the longest wait (\(restart.maximum)) is shorter than the first (\(restart.initial))",
                given: [path + "restart" + "initial", path + "restart" + "maximum"])
        }
        for (index, step) in process.stop.enumerated() {
            let place = path + "stop" + index
            let isLast = index == process.stop.count - 1
            let signal = place + "signal"
            if isLast, step.signal != "KILL" {
                report(signal, "the last signal must be KILL, or a stuck process never ends", given: [path + "stop"])
            } else if !isLast, step.signal == "KILL" {
                report(signal, "nothing can come after KILL")
            } else if !isLast, step.wait == .zero {
                report(place + "wait", "'\(step.signal)' needs a wait before the next signal", given: [signal])
            }
        }
    }
}
