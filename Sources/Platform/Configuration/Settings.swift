package import CoreTypes
package import SystemPackage

/// What a program of the platform learns from its environment: where its data is, which slot it is, how long results stay.
package struct Settings: Sendable {
    package static let version = bedplateVersion

    package let data: DataFolder
    /// `nil` for a program outside the slots, or one started by hand.
    package let slot: Slot?
    package let retention: Duration
    package let store: StoreKind
    package let queue: QueueKind
    /// How often an address, and a user or key, may ask the API.
    package let rates: RateLimits
    /// Where webhooks may lead.
    package let webhookAddresses: AddressRule
    /// Where the operator puts advisories about packages; `nil` for nowhere. It need not exist.
    package let advisories: FilePath?
    package let credentials: Credentials

    package init(program: String, environment: [String: String]) throws(OperatorError) {
        let doing = "start cspm \(program)"
        guard let folder = environment["CSPM_DATA"], !folder.isEmpty else {
            throw OperatorError(
                doing: doing, because: "CSPM_DATA is not set",
                next: "set it to the folder that holds the platform's data", exit: .usage)
        }
        guard FilePath(folder).isAbsolute else {
            throw OperatorError(
                doing: doing, because: "CSPM_DATA is '\(folder)', which is not an absolute path",
                next: "name the folder from the root, as in /var/lib/cspm", exit: .usage)
        }
        data = DataFolder(path: FilePath(folder))

        switch environment["CSPM_SLOT"] {
        case nil, "": slot = nil
        case let text?:
            guard let named = Slot(rawValue: text) else {
                throw OperatorError(
                    doing: doing, because: "CSPM_SLOT is '\(text)'", next: "set it to blue or green, or unset it",
                    exit: .usage)
            }
            slot = named
        }

        store = try Self.choice(environment, "CSPM_STORE", doing) ?? .embedded
        queue = try Self.choice(environment, "CSPM_QUEUE", doing) ?? .embedded

        let days = environment["CONTAINER_SCAN_RETENTION_DAYS"] ?? "180"
        guard let count = Int64(days), (1...36_500).contains(count) else {
            throw OperatorError(
                doing: doing, because: "CONTAINER_SCAN_RETENTION_DAYS is '\(days)'",
                next: "set it to a number of days from 1 to 36500", exit: .usage)
        }
        retention = .seconds(count * 86_400)
        rates = RateLimits(
            address: try Self.rate(
                environment, "RATE_LIMIT_PER_ADDRESS", doing, otherwise: RateLimits.standard.address),
            caller: try Self.rate(environment, "RATE_LIMIT_PER_KEY", doing, otherwise: RateLimits.standard.caller))
        webhookAddresses = AddressRule(allowing: try Self.ranges(environment, "WEBHOOK_ALLOWED_RANGES", doing))
        advisories = environment["ADVISORIES_DIRECTORY"].flatMap { $0.isEmpty ? nil : FilePath($0) }
        guard advisories?.isAbsolute ?? true else {
            throw OperatorError(
                doing: doing, because: "ADVISORIES_DIRECTORY is '\(advisories!)', which is not an absolute path",
                next: "name the folder from the root, as in /var/lib/cspm/advisories", exit: .usage)
        }
        credentials = Credentials(
            program: program, folder: environment["CREDENTIALS_DIRECTORY"].map { FilePath($0) })
    }

    /// Requests a minute; 0 is without a limit.
    private static func rate(_ environment: [String: String], _ name: String, _ doing: String, otherwise: Rate?)
        throws(OperatorError) -> Rate?
    {
        guard let text = environment[name], !text.isEmpty else { return otherwise }
        guard let count = Int(text), (0...1_000_000).contains(count) else {
            throw OperatorError(
                doing: doing, because: "\(name) is '\(text)'",
                next: "set it to a number of requests a minute from 0, which is without a limit, to 1000000",
                exit: .usage)
        }
        return count == 0 ? nil : Rate(requests: count, in: .seconds(60))
    }

    /// Ranges of addresses, separated by commas.
    private static func ranges(_ environment: [String: String], _ name: String, _ doing: String)
        throws(OperatorError) -> [IPRange]
    {
        var ranges: [IPRange] = []
        for text in (environment[name] ?? "").split(whereSeparator: { $0 == "," || $0 == " " }) {
            guard let range = IPRange(text) else {
                throw OperatorError(
                    doing: doing, because: "\(name) has '\(text)', which is no range of addresses",
                    next: "write ranges as in 10.0.0.0/8,fd00::/8", exit: .usage)
            }
            ranges.append(range)
        }
        return ranges
    }

    private static func choice<Kind: RawRepresentable & CaseIterable>(
        _ environment: [String: String], _ name: String, _ doing: String
    ) throws(OperatorError) -> Kind? where Kind.RawValue == String {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let kind = Kind(rawValue: text) else {
            let known = Kind.allCases.map(\.rawValue).joined(separator: " or ")
            throw OperatorError(
                doing: doing, because: "\(name) is '\(text)'", next: "set it to \(known), or unset it", exit: .usage)
        }
        return kind
    }

    /// Names this program in queues and logs: `worker@blue`.
    package func instance(_ program: String) -> String { slot.map { "\(program)@\($0)" } ?? program }
}

/// Where results are kept.
package enum StoreKind: String, Sendable, CaseIterable { case embedded, mongodb }

/// Where jobs wait.
package enum QueueKind: String, Sendable, CaseIterable { case embedded, redis }
