import CoreTypes

extension ProfileSchema {
    /// Of one process.
    static let logs: [Key] = [
        Key("maximum_size", .size, .defaults(to: "16MiB"), .apply, "The file is rotated when it reaches this size …"),
        Key(
            "maximum_age", .time(minimum: .seconds(60)), .defaults(to: "1d"), .apply,
            "… and before a line that comes so long after its first one."),
        Key("keep", .integer(0...1000), .defaults(to: "14"), .apply, "How many rotated files are kept."),
        Key(
            "maximum_total", .size, .defaults(to: "128MiB"), .apply,
            "What the file and the rotated ones of an instance may take together; the oldest go first."),
        Key("timestamps", .boolean, .defaults(to: "true"), .apply, "Whether each line begins with its time in UTC."),
        Key(
            "format", .choice(ProcessDeclaration.Logs.Format.allCases.map(\.rawValue)), .defaults(to: "text"), .apply,
            "Lines as they are written, or JSON with time, process, slot, release, stream and message."),
        Key(
            "journal", .boolean, .defaults(to: "false"), .apply,
            "Whether lines also go to systemd's journal, with the same fields."),
        Key(
            "logstash", .boolean, .defaults(to: "true"), .apply,
            "Whether lines also go to `logging.logstash`, where there is one."),
    ]

    /// Of the stack.
    static let logging: [Key] = [
        Key(
            "journal_socket", .text(.prefix), .defaults(to: "/run/systemd/journal/socket"), .apply,
            "The socket of the journal's native protocol."),
        Key("logstash", .object(logstash), .optional, "A Logstash that gets the lines of all processes."),
    ]

    private static let logstash: [Key] = [
        Key(
            "address", .text(.line), .required, .apply,
            "Host and port of its `tcp` input: an IP address, or a name in `/etc/hosts`; DNS is not asked."),
        Key(
            "spool", .size, .defaults(to: "64MiB"), .apply,
            "What may wait on disk while it is away, at least `1MiB`; then the oldest lines go."),
    ]
}
