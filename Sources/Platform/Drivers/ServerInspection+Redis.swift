package import CoreTypes

extension ServerInspection {
    /// Connects to Redis, signs in and looks around; changes nothing.
    package static func redis(_ url: Secret) async throws -> ServerInspection {
        let address: RedisAddress
        do { address = try RedisAddress(url) } catch {
            return .unusable("this is no Redis connection string: write it as redis://user:password@host:6379/0")
        }
        BrokenPipes.areErrors
        return try await threads.run {
            do throws(RedisClient.Failure) { return try look(at: address) } catch {
                return .unusable(error.sentence)
            }
        }
    }

    private static func look(at address: RedisAddress) throws(RedisClient.Failure) -> ServerInspection {
        let connection = try RedisConnection(to: address, connecting: .seconds(5), answering: .seconds(5))
        func ask(_ words: [String]) throws(RedisClient.Failure) -> String {
            let reply = try connection.run(words)
            if case .error(let code) = reply { throw RedisClient.Failure(code: code) }
            return reply.text ?? ""
        }
        let start = ContinuousClock.now
        _ = try ask(["PING"])
        var found = ServerInspection(latency: ContinuousClock.now - start)
        let facts = facts(try ask(["INFO"]))
        found.version = facts["redis_version"]
        found.demand("Redis", (6, 2), because: "to take jobs back from dead workers")
        if facts["role"] == "slave" { found.problems.append("this Redis is a replica: it takes no writes") }
        if facts["loading"] == "1" { found.problems.append("Redis still loads its data") }
        if facts["aof_enabled"] == "0" {
            found.warnings.append(
                "appendonly is off: jobs of the last moments before a crash are added again only later")
        }
        if let policy = facts["maxmemory_policy"], policy != "noeviction", facts["maxmemory"] != "0" {
            found.warnings.append("maxmemory-policy is not noeviction: Redis may drop jobs when its memory is full")
        }
        if address.password == nil { found.warnings.append("Redis lets everybody in without a password") }
        // The scripts of the queue; a user may be allowed to read and still not to do this.
        _ = try ask(["EVAL", "return redis.call('TIME')[1]", "0"])
        return found
    }

    /// `name:value` lines.
    private static func facts(_ text: String) -> [String: String] {
        var facts: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { facts[String(parts[0])] = String(parts[1]) }
        }
        return facts
    }
}

extension RedisClient.Failure {
    fileprivate var sentence: String {
        switch self {
        case .unreachable(let reason): reason
        case .full: "the memory of Redis is full"
        case .refused(let code): "Redis refused a command (\(code))"
        }
    }
}
