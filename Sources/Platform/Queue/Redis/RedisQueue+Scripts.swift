extension RedisQueue {
    /// The steps of the queue. Each begins with the same names for its keys and arguments.
    ///
    /// A topic is a stream with the consumer group `jobs`. An entry is pending while somebody holds it, and its idle time is
    /// how long ago the holder was last heard of. `known` has the scans that have a job, `receipts` which delivery of an
    /// entry is the valid one, `delayed` the entries that were given back, by the moment from which they may be claimed;
    /// those are pending with the consumer `nobody`.
    enum Scripts {
        private static let names = """
            local stream, known, receipts, delayed, dead = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
            local clock = redis.call('TIME')
            local server = clock[1] * 1000 + math.floor(clock[2] / 1000)
            local now = tonumber(ARGV[1]) or server
            local function number(value) return string.format('%.0f', value) end

            """

        /// ARGV: now, id, nonce. Ends the script where somebody else has, or had, the job.
        private static let holds = """
            local id, nonce = ARGV[2], ARGV[3]
            local held = redis.call('HGET', receipts, id)
            if not held or string.sub(held, 1, #nonce) ~= nonce then return 0 end
            local holder = string.sub(held, #nonce + 2)

            """

        private static let remove = """
            redis.call('XACK', stream, 'jobs', id)
            redis.call('XDEL', stream, id)
            redis.call('HDEL', receipts, id)

            """

        /// ARGV: now, limit, scan, payload.
        static let add = RedisScript(
            names + """
                if redis.call('HEXISTS', known, ARGV[3]) == 1 then return 0 end
                if redis.call('XLEN', stream) >= tonumber(ARGV[2]) then return -1 end
                redis.call('HSET', known, ARGV[3], redis.call('XADD', stream, '*', 'scan', ARGV[3], 'payload', ARGV[4]))
                return 1
                """)

        /// ARGV: now, lease, consumer, nonce, whether what this consumer held in an earlier life is to be taken back.
        static let claim = RedisScript(
            names + """
                local lease, consumer, nonce = tonumber(ARGV[2]), ARGV[3], ARGV[4]
                local idle = number(math.max(0, server - now + lease))
                local function unheard()
                  return redis.pcall('XPENDING', stream, 'jobs', 'IDLE', idle, '-', '+', 1024)
                end
                local orphans = unheard()
                if orphans.err then
                  -- Nobody has claimed from this topic before.
                  redis.call('XGROUP', 'CREATE', stream, 'jobs', '0', 'MKSTREAM')
                  orphans = unheard()
                end

                local function deliver(id)
                  local entry = redis.call('XCLAIM', stream, 'jobs', consumer, 0, id, 'TIME', number(now))[1]
                  if not entry then return nil end
                  local tries = redis.call('XPENDING', stream, 'jobs', id, id, 1)[1][4]
                  redis.call('HSET', receipts, id, nonce .. ' ' .. consumer)
                  return {id, entry[2][2], entry[2][4], tries}
                end

                local due = redis.call('ZRANGEBYSCORE', delayed, '-inf', number(now), 'LIMIT', 0, 1)[1]
                if due then
                  redis.call('ZREM', delayed, due)
                  local job = deliver(due)
                  if job then return job end
                end
                if ARGV[5] == '1' then
                  for _, pending in ipairs(redis.call('XPENDING', stream, 'jobs', '-', '+', 16, consumer)) do
                    local job = deliver(pending[1])
                    if job then return job end
                  end
                end
                for _, pending in ipairs(orphans) do
                  if pending[2] ~= 'nobody' then
                    local job = deliver(pending[1])
                    if job then return job end
                  end
                end
                local new = redis.call('XREADGROUP', 'GROUP', 'jobs', consumer, 'COUNT', 1, 'STREAMS', stream, '>')
                if new then
                  local entry = new[1][2][1]
                  -- Redis has noted its own time.
                  if now ~= server then
                    redis.call('XCLAIM', stream, 'jobs', consumer, 0, entry[1], 'TIME', number(now), 'JUSTID')
                  end
                  redis.call('HSET', receipts, entry[1], nonce .. ' ' .. consumer)
                  return {entry[1], entry[2][2], entry[2][4], 1}
                end
                local facts = redis.call('XINFO', 'STREAM', stream)
                for index = 1, #facts, 2 do
                  if facts[index] == 'last-generated-id' then return {facts[index + 1]} end
                end
                """)

        static let extend = RedisScript(
            names + holds + """
                redis.call('XCLAIM', stream, 'jobs', holder, 0, id, 'TIME', number(now), 'JUSTID')
                return 1
                """)

        /// ARGV from the fourth on: the scan, and the successor's payload where there is one, with its keys after ours.
        static let acknowledge = RedisScript(
            names + holds + remove + """
                redis.call('HDEL', known, ARGV[4])
                if ARGV[5] and redis.call('HEXISTS', KEYS[7], ARGV[4]) == 0 then
                  local next = redis.call('XADD', KEYS[6], '*', 'scan', ARGV[4], 'payload', ARGV[5])
                  redis.call('HSET', KEYS[7], ARGV[4], next)
                end
                return 1
                """)

        /// ARGV from the fourth on: the delay, and the tries that stay on the job's account.
        static let giveBack = RedisScript(
            names + holds + """
                redis.call('HDEL', receipts, id)
                redis.call('XCLAIM', stream, 'jobs', 'nobody', 0, id, 'JUSTID', 'RETRYCOUNT', ARGV[5])
                redis.call('ZADD', delayed, number(now + tonumber(ARGV[4])), id)
                return 1
                """)

        /// ARGV from the fourth on: the scan, the payload, the tries, the reason, how many dead letters are kept.
        static let bury = RedisScript(
            names + holds + remove + """
                redis.call('HDEL', known, ARGV[4])
                redis.call('XADD', dead, 'MAXLEN', ARGV[8], '*', 'scan', ARGV[4], 'payload', ARGV[5], 'tries', ARGV[6],
                  'reason', ARGV[7])
                return 1
                """)

        /// ARGV: now, lease.
        static let counts = RedisScript(
            names + """
                redis.pcall('XGROUP', 'CREATE', stream, 'jobs', '0', 'MKSTREAM')
                local held = 0
                for _, pending in ipairs(redis.call('XPENDING', stream, 'jobs', '-', '+', 100000)) do
                  if pending[2] ~= 'nobody' and pending[3] - (server - now) < tonumber(ARGV[2]) then held = held + 1 end
                end
                return {redis.call('XLEN', stream) - held, held, redis.call('XLEN', dead)}
                """)
    }
}
