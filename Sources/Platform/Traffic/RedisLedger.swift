package import CoreTypes

/// The ledger in Redis, which blue and green share; every entry ends by itself.
package struct RedisLedger: TrafficLedger {
    private let client: RedisClient
    private let prefix: String
    /// `nil`: the clock of the server, which all programs share.
    private let time: WallClock?

    /// Does not wait for Redis. Its patience is short: each request of the API asks here first.
    package init(_ url: Secret, prefix: String = "cspm:traffic", time: WallClock? = nil) throws(OperatorError) {
        client = try RedisClient(url, answering: .seconds(1))
        self.prefix = prefix
        self.time = time
    }

    package func take(from caller: String, at rate: Rate) async throws -> Standing {
        let reply = try await run(
            Self.take, [rateKey(caller)], ["\(rate.cost)", "\(rate.window.wholeMicroseconds)"])
        guard let fields = reply.list?.compactMap(\.integer), fields.count == 2 else { throw Self.unreadable }
        return rate.standing(used: Int64(fields[1]), isRefused: fields[0] == 0)
    }

    package func attempt(_ attempts: [Attempt]) async throws -> Duration? {
        let arguments = attempts.flatMap { attempt in
            let patience = attempt.patience
            return [
                "\(patience.free)", "\(patience.longest.wholeMilliseconds)", "\(patience.memory.wholeMilliseconds)",
            ]
        }
        let reply = try await run(Self.attempt, attempts.map { failureKey($0.caller) }, arguments)
        guard let wait = reply.integer else { throw Self.unreadable }
        return wait > 0 ? .milliseconds(wait) : nil
    }

    package func settle(forgetting: [String], returning: [String]) async throws {
        _ = try await run(Self.settle, (forgetting + returning).map(failureKey), ["\(forgetting.count)"])
    }

    // MARK: Inside

    private static let unreadable = QueueError.unavailable("Redis' reply is not readable")

    private static let now = """
        local clock = redis.call('TIME')
        local now = tonumber(ARGV[1]) or clock[1] * 1000000 + clock[2]

        """

    /// Generic cell rate: one number a caller, the moment at which its window is whole again, in microseconds.
    /// ARGV: now, cost, window.
    private static let take = RedisScript(
        now + """
            local cost, window = tonumber(ARGV[2]), tonumber(ARGV[3])
            local used = math.max(0, tonumber(redis.call('GET', KEYS[1]) or '0') - now)
            if used + cost > window then return {0, used} end
            used = used + cost
            redis.call('SET', KEYS[1], string.format('%.0f', now + used), 'PX', math.ceil(used / 1000))
            return {1, used}
            """)

    /// ARGV: now, and of each key: free, longest, memory (both in milliseconds). A hash: failures, the end of the wait, and
    /// when all is forgotten.
    private static let attempt = RedisScript(
        now + """
            local wait = 0
            for _, key in ipairs(KEYS) do
              if tonumber(redis.call('HGET', key, 'forget') or '0') <= now then redis.call('DEL', key) end
              wait = math.max(wait, tonumber(redis.call('HGET', key, 'until') or '0') - now)
            end
            if wait > 0 then return math.ceil(wait / 1000) end
            for index, key in ipairs(KEYS) do
              local free, longest = tonumber(ARGV[index * 3 - 1]), tonumber(ARGV[index * 3])
              local number = redis.call('HINCRBY', key, 'failures', 1)
              if number >= free then
                local pause = math.min(longest, 1000 * 2 ^ math.min(number - free, 30))
                redis.call('HSET', key, 'until', string.format('%.0f', now + pause * 1000))
              end
              local memory = tonumber(ARGV[index * 3 + 1])
              redis.call('HSET', key, 'forget', string.format('%.0f', now + memory * 1000))
              redis.call('PEXPIRE', key, memory)
            end
            return 0
            """)

    /// ARGV: now, how many keys are forgotten; the others have one failure less and no wait.
    private static let settle = RedisScript(
        """
        for index, key in ipairs(KEYS) do
          if index <= tonumber(ARGV[2]) then
            redis.call('DEL', key)
          elseif redis.call('EXISTS', key) == 1 then
            if redis.call('HINCRBY', key, 'failures', -1) < 1 then redis.call('DEL', key) end
            redis.call('HDEL', key, 'until')
          end
        end
        return 1
        """)

    private func rateKey(_ caller: String) -> String { "\(prefix):rate:\(caller)" }
    private func failureKey(_ caller: String) -> String { "\(prefix):failures:\(caller)" }

    private func run(_ script: RedisScript, _ keys: [String], _ arguments: [String]) async throws -> RedisReply {
        let now = time.map { "\($0.now().milliseconds * 1000)" } ?? ""
        do {
            return try await client.run(script, keys: keys, [now] + arguments)
        } catch let failure as RedisClient.Failure {
            throw QueueError(failure)
        }
    }
}
