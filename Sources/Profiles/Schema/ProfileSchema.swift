import CoreTypes

/// The key table of a profile: the reader, its documentation and its JSON Schema are all driven by it.
package enum ProfileSchema {
    /// Every key, outermost first.
    static let root: [Key] = [
        Key("profile", .text(.name), .required, .apply, "The profile's name."),
        Key("summary", .text(.line), .defaults(to: "''"), .apply, "What it installs, in a line."),
        Key(
            "account", .text(.account), .optional, .apply,
            "The system user and group that processes run as; absent: as the supervisor."),
        Key("release", .object(release), .defaults(to: "{}"), "Where releases of the application come from."),
        Key("runtimes", .object(runtimes), .defaults(to: "{}"), "Language runtimes to install."),
        Key("docker", .object(docker), .optional, "Docker, where it is present; absent: it is not looked for."),
        Key(
            "scanners", .list(.choice(Scanner.allCases.map(\.rawValue)), count: 0...Scanner.allCases.count),
            .defaults(to: "[]"), .apply,
            "Scanners that others make, each from the archive `<scanner>-<architecture>` (Prowler: `prowler`)."),
        Key("services", .object(services), .defaults(to: "{}"), "Which stores the application uses."),
        Key(
            "secrets", .dictionary(key: .secretName, entry: "<secret>", value: .object(secret)), .defaults(to: "{}"),
            "The secrets the application needs. Values never stand in a profile."),
        Key("slots", .object(Slot.allCases.map(slot)), .defaults(to: "{}"), "The two copies of the slotted processes."),
        Key(
            "processes", .dictionary(key: .name, entry: "<process>", value: .object(process)), .required,
            "The programs to run."),
        Key("logging", .object(logging), .defaults(to: "{}"), "Where output goes besides files."),
        Key("front_door", .object(frontDoor), .defaults(to: "{}"), "Where clients reach the application."),
        Key(
            "routes", .list(.object(route), count: 0...200), .defaults(to: "[]"),
            "Which process answers which path; the longest matching path wins."),
        Key("switch", .object(switching), .defaults(to: "{}"), "How traffic moves between the slots."),
        Key("metrics", .object(metrics), .optional, "Where metrics are told over HTTP; absent: nowhere."),
        Key(
            "upstreams", .dictionary(key: .name, entry: "<upstream>", value: .object(upstream)), .defaults(to: "{}"),
            "Apt repositories of third parties."),
        Key(
            "archives", .dictionary(key: .name, entry: "<archive>", value: .object(archive)), .defaults(to: "{}"),
            "Files from elsewhere, known by their digest."),
        Key(
            "mirrors", .list(.object(mirror), count: 0...100), .defaults(to: "[]"),
            "Where to fetch from instead, keys included; the first that fits is taken."),
    ]

    private static let services: [Key] = [
        Key(
            "store", .choice(Services.Store.allCases.map(\.rawValue)), .defaults(to: "embedded"), .apply,
            "Where documents are kept: in the application's own files, or in MongoDB on this host."),
        Key(
            "queue", .choice(Services.Queue.allCases.map(\.rawValue)), .defaults(to: "embedded"), .apply,
            "Where jobs wait: in the application's own files, or in Redis on this host."),
        Key(
            "databases", .list(.text(.variable), count: 0...50), .defaults(to: "[]"), .apply,
            "The databases of MongoDB that the application's user may read, write and index; empty: the profile's name."
        ),
    ]

    private static func slot(_ slot: Slot) -> Key {
        Key(
            slot.rawValue, .dictionary(key: .name, entry: "<port>", value: .port), .defaults(to: "{}"), .start,
            "The ports of the \(slot) copy, by names that both copies share.")
    }

    private static let secret: [Key] = [
        Key(
            "generate", .choice(["hex", "base64", "fernet", "password", "previous", "mongodb-url", "redis-url"]),
            .required,
            .generation,
            "How the value is made: hexadecimal digits, URL-safe base64, a Fernet key, a password for people, for "
                + "`NAME_PREVIOUS` what `NAME` was before its last rotation, or the address of a server with "
                + "`MONGO_PASSWORD` or `REDIS_PASSWORD` in it."),
        Key(
            "bytes", .integer(16...1024), .defaults(to: "32"), .generation,
            "How many random bytes; for `hex` and `base64`."),
        Key(
            "length", .integer(12...128), .defaults(to: "20"), .generation,
            "How many letters and digits; for `password`."),
    ]

    private static let frontDoor: [Key] = [
        Key("listen", .listen, .defaults(to: "127.0.0.1:8080"), .reload, "The address and port nginx listens on."),
        Key(
            "manager", .choice(FrontDoor.Manager.allCases.map(\.rawValue)), .defaults(to: "systemd"), .apply,
            "Who runs nginx: the supervisor, or the machine's service manager."),
        Key(
            "drain", .time(minimum: .seconds(1)), .defaults(to: "15m"), .nextSwitch,
            "How long the old slot may take to finish open requests after a switch."),
        Key(
            "streams", .time(minimum: .zero), .defaults(to: "10m"), .nextSwitch,
            "How long connections of routes with `stream` stay on the slot that lost its traffic; then they are closed "
                + "and counted. Never longer than `drain`."),
        Key("tls", .object(tls), .optional, "HTTPS at `listen`; absent: plain HTTP."),
        Key(
            "names", .list(.text(.domain), count: 0...50), .defaults(to: "[]"), .reload,
            "The host names that are answered, besides `tls.domain`; without any, whatever a client asks for."),
        Key(
            "preview", .listen, .optional, .reload,
            "Where the idle slot answers, for a look before it gets traffic; absent: nowhere."),
        Key(
            "limits", .dictionary(key: .name, entry: "<limit>", value: .object(limit)), .defaults(to: "{}"),
            "How often one client may ask, by names that routes use; beyond it the answer is 429."),
    ]

    private static let limit: [Key] = [
        Key(
            "rate", .text(.rate), .required, .reload,
            "Requests of one address in a second or a minute: `10r/s`, `30r/m`."),
        Key("burst", .integer(0...100_000), .defaults(to: "20"), .reload, "How many may come at once beyond that."),
    ]

    private static let tls: [Key] = [
        Key(
            "domain", .text(.domain), .optional, .apply,
            "The name that clients use, for which a certificate is asked from `acme`; absent: we sign for ourselves."),
        Key(
            "email", .text(.email), .optional, .apply,
            "Whom the ACME server tells of trouble with the certificate; absent: nobody."),
        Key(
            "acme", .text(.address), .defaults(to: "'https://acme-v02.api.letsencrypt.org/directory'"), .apply,
            "The directory of the ACME server: Let's Encrypt's, or another one's."),
        Key(
            "plain", .listen, .defaults(to: "'0.0.0.0:80'"), .reload,
            "Where plain HTTP is answered: ACME's challenges, and everybody else is sent to HTTPS."),
    ]

    private static let switching: [Key] = [
        Key(
            "watch", .time(minimum: .zero), .defaults(to: "1m"), .nextSwitch,
            "How long the new slot is watched once it has traffic; `0s` is not at all."),
        Key(
            "errors", .integer(1...100), .defaults(to: "5"), .nextSwitch,
            "Traffic returns when this many more of a hundred answers are errors (5xx) than before the switch."),
        Key(
            "warm", .time(minimum: .zero), .defaults(to: "10m"), .nextSwitch,
            "How long the old slot is kept running for a rollback; `0s` stops it when it is drained."),
        Key(
            "hooks", .time(minimum: .seconds(1)), .defaults(to: "10m"), .nextSwitch,
            "How long a smoke check or a migration may take."),
        Key(
            "smoke", .list(.object(SmokeCheck.keys(.nextSwitch)), count: 0...100), .defaults(to: "[]"),
            "Requests that the new slot must answer rightly before it gets traffic; a release may say more of them."),
        Key(
            "preview", .time(minimum: .zero), .defaults(to: "0s"), .nextSwitch,
            "How long a switch shows the new slot at `front_door.preview` before it goes on; `0s` is not at all."),
    ]

    private static let metrics: [Key] = [
        Key(
            "listen", .listen, .required, .apply,
            "The loopback address and port on which the supervisor answers `GET /metrics` in OpenMetrics.")
    ]

    private static let route: [Key] = [
        Key("path", .text(.prefix), .required, .reload, "The path prefix."),
        Key("to", .process, .required, .reload, "The slotted process with a port that answers it."),
        Key(
            "timeout", .time(minimum: .seconds(1)), .defaults(to: "30s"), .reload,
            "How long the application may take to read or send."),
        Key("body", .size, .defaults(to: "10MiB"), .reload, "The largest request body."),
        Key(
            "buffering", .boolean, .defaults(to: "true"), .reload,
            "Whether nginx stores a request body before it passes it on; off for uploads."),
        Key(
            "stream", .boolean, .defaults(to: "false"), .reload,
            "Whether its connections have no end of their own (WebSockets, events): `front_door.streams` holds for them. "
                + "The application sees them come from 127.0.0.2."),
        Key(
            "cache", .choice(Route.Cache.allCases.map(\.rawValue)), .defaults(to: "application"), .reload,
            "What `Cache-Control` says: what the application does, `no-cache`, or to keep it for a year."),
        Key("limit", .text(.name), .optional, .reload, "The limit of `front_door.limits` that holds here."),
    ]
}
