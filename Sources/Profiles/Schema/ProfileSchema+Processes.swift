import CoreTypes

extension ProfileSchema {
    /// Signals a process can be stopped with, as kill(1) names them.
    static let signals = ["HUP", "INT", "QUIT", "TERM", "KILL", "USR1", "USR2", "ALRM", "CONT", "WINCH", "PIPE"]

    static let process: [Key] =
        [
            Key("slotted", .boolean, .defaults(to: "false"), .apply, "Whether each slot has an instance of its own."),
            Key(
                "role", .choice(ProcessDeclaration.Role.allCases.map(\.rawValue)), .defaults(to: "server"), .nextSwitch,
                "What part it has in a switch, below."),
            Key(
                "standby", .boolean, .defaults(to: "false"), .nextSwitch,
                "Whether a worker or a scheduler loads before a switch, and waits by itself until its slot is live."),
            Key("oneshot", .boolean, .defaults(to: "false"), .start, "Whether it runs to completion."),
            Key("schedule", .schedule, .optional, .apply, "When it runs, to completion each time; in UTC."),
            Key(
                "command", .list(.text(.argument), count: 1...256), .required, .start,
                "The program, absolute or after a placeholder, and its arguments."),
            Key(
                "environment", .dictionary(key: .variable, entry: "<variable>", value: .text(.argument)),
                .defaults(to: "{}"), .start, "Environment variables. Never a secret."),
            Key(
                "port", .text(.name), .optional, .start,
                "The port of its slot that it listens on, by name; or asks, if it is a hook."),
            Key(
                "credentials", .list(.secret, count: 0...100), .defaults(to: "[]"), .start,
                "Secrets handed over as files in the folder `CREDENTIALS_DIRECTORY` names."),
            Key(
                "secret_environment", .dictionary(key: .variable, entry: "<variable>", value: .secret),
                .defaults(to: "{}"), .start, "Secrets handed over as environment variables."),
            Key("user", .text(.account), .optional, .start, "Whom to run as; absent: as the supervisor."),
            Key("group", .text(.account), .optional, .start, "The group to run as; absent: the user's own."),
            Key(
                "requires", .list(.process, count: 0...100), .defaults(to: "[]"), .apply,
                "Starts when these are healthy, and stops and returns with them."),
            Key(
                "after", .list(.process, count: 0...100), .defaults(to: "[]"), .apply,
                "Starts after these, whether or not they are healthy."),
            Key("restart", .object(restart), .defaults(to: "{}"), "When an instance that ended is started again."),
            Key("probes", .object(probes), .defaults(to: "{}"), "How to see whether an instance is healthy."),
            Key(
                "stop", .list(.object(stop), count: 1...10),
                .defaults(to: "[{signal: TERM, wait: 10s}, {signal: KILL}]"),
                "Signals, one after the other, until the whole process group has ended."),
            Key("logs", .object(logs), .defaults(to: "{}"), "What happens to the output."),
        ] + children

    private static let restart: [Key] = [
        Key(
            "mode", .choice(ProcessDeclaration.Restart.Mode.allCases.map(\.rawValue)), .defaults(to: "always"),
            .apply, "Whether an end leads to a new start."),
        Key(
            "initial", .time(minimum: .milliseconds(1)), .defaults(to: "100ms"), .apply,
            "The wait before the first restart; each further one doubles it."),
        Key(
            "maximum", .time(minimum: .milliseconds(1)), .defaults(to: "30s"), .apply,
            "The longest wait before a restart."),
        Key(
            "reset_after", .time(minimum: .milliseconds(1)), .defaults(to: "1m"), .apply,
            "After this long without an end, the next wait is `initial` again."),
        Key("limit", .object(limit), .optional, "How many starts are too many; absent: no limit."),
    ]

    private static let limit: [Key] = [
        Key("count", .integer(1...1000), .required, .apply, "At most this many starts …"),
        Key("window", .time(minimum: .seconds(1)), .required, .apply, "… in this time, then `failed`."),
    ]

    private static let probes: [Key] = [
        Key("startup", .object(probe), .optional, "Until it succeeds once, the other two wait.").among("<probe>"),
        Key("readiness", .object(probe), .optional, "Healthy or not: dependents and the switch wait for it.").among(
            "<probe>"),
        Key("liveness", .object(probe), .optional, "Failing it restarts the instance.").among("<probe>"),
    ]

    private static let probe: [Key] = [
        Key("http", .text(.target), .optional, .apply, "Requests this path, at the process's own port or `address`."),
        Key("tcp", .boolean, .optional, .apply, "`true`: connects to the process's own port, or `address`."),
        Key(
            "exec", .list(.text(.argument), count: 1...256), .optional, .apply,
            "Runs this command; it must end with 0."),
        Key(
            "notify", .boolean, .optional, .start,
            "`true`: the process says it itself, by sd_notify: `READY=1`, as liveness `WATCHDOG=1`."),
        Key("unit", .text(.unit), .optional, .apply, "Asks systemd whether this unit is active."),
        Key("redis", .listen, .optional, .apply, "Asks Redis at this address for a PONG."),
        Key("mongodb", .listen, .optional, .apply, "Pings MongoDB at this address."),
        Key("address", .listen, .optional, .apply, "Whom `http` and `tcp` ask; absent: the process's own port."),
        Key("user", .text(.databaseName), .optional, .apply, "The user whose `password` this is; for the databases."),
        Key(
            "password", .secret, .optional, .apply,
            "The secret that `redis` and `mongodb` show; absent: they ask as nobody."),
        Key(
            "database", .text(.databaseName), .defaults(to: "admin"), .apply,
            "The database of `mongodb` that knows the user."),
        Key("method", .choice(["GET", "HEAD"]), .defaults(to: "GET"), .apply, "The method of `http`."),
        Key(
            "statuses", .list(.integer(100...599), count: 0...50), .defaults(to: "[]"), .apply,
            "The statuses of `http` that are healthy; empty: 200 to 299."),
        Key(
            "headers", .dictionary(key: .headerName, entry: "<header>", value: .text(.line)), .defaults(to: "{}"),
            .apply, "Headers that `http` sends."),
        Key("interval", .time(minimum: .milliseconds(10)), .defaults(to: "5s"), .apply, "From one check to the next."),
        Key("timeout", .time(minimum: .milliseconds(10)), .defaults(to: "2s"), .apply, "How long one check may take."),
        Key(
            "start_period", .time(minimum: .zero), .defaults(to: "0s"), .apply,
            "Failures in this time after the start do not count."),
        Key("failures", .integer(1...10_000), .defaults(to: "3"), .apply, "Failures in a row that mean unhealthy."),
        Key("successes", .integer(1...10_000), .defaults(to: "1"), .apply, "Successes in a row that mean healthy."),
    ]

    private static let stop: [Key] = [
        Key("signal", .choice(signals), .required, .apply, "The signal's name, without `SIG`."),
        Key(
            "wait", .time(minimum: .zero), .defaults(to: "0s"), .apply,
            "How long to wait for the end before the next signal."),
        Key(
            "to", .choice(ProcessDeclaration.StopSignal.Target.allCases.map(\.rawValue)), .defaults(to: "group"),
            .apply,
            "Who gets it: the process with its children, or `main`, the process alone, for one that lets its children "
                + "finish."),
    ]
}
