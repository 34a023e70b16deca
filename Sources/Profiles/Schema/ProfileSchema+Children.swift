import CoreTypes

extension ProfileSchema {
    /// How the processes of an instance run.
    static let children: [Key] = [
        Key(
            "groups", .list(.text(.account), count: 0...64), .defaults(to: "[]"), .start,
            "Supplementary groups, besides those the user has."),
        Key(
            "environment_files", .list(.text(.line), count: 0...20), .defaults(to: "[]"), .start,
            "Files of `KEY=VALUE` lines, read at each start; they win over `environment`. After a `-`, a file may be missing."
        ),
        Key("working_directory", .text(.line), .defaults(to: "/"), .start, "The directory it starts in."),
        Key("umask", .text(.umask), .defaults(to: "'0022'"), .start, "Mode bits that new files do not get."),
        Key(
            "nice", .integer(-20...19), .defaults(to: "0"), .start,
            "Its share when processors are short: -20 is served first."),
        Key(
            "oom_score", .integer(-1000...1000), .defaults(to: "0"), .start,
            "Who is killed when memory is short: 1000 first, -1000 never."),
        Key(
            "no_new_privileges", .boolean, .defaults(to: "true"), .start,
            "Whether programs with set-user-id bits or file capabilities give it no more powers."),
        Key(
            "capabilities", .list(.choice(Capability.allCases.map(\.rawValue)), count: 0...41), .optional, .start,
            "The only powers of root that it and its children can have (capabilities(7)); absent: those of its user."),
        Key(
            "resource_limits", .object(resourceLimits), .defaults(to: "{}"),
            "What each process may use (getrlimit(2)): a number, size or time, or `infinity`; or two as `soft:hard`."),
        Key("limits", .object(limits), .defaults(to: "{}"), "What all processes of an instance may use together."),
        Key(
            "sockets", .dictionary(key: .name, entry: "<socket>", value: .object(socket)), .defaults(to: "{}"),
            "Listening sockets that the supervisor opens and hands over as `LISTEN_FDS`."),
    ]

    private static let resourceLimits: [Key] = ResourceLimit.Kind.allCases.map { kind in
        Key(kind.rawValue, .text(.limit), .optional, .start, "\(meaning(of: kind)).")
    }

    private static func meaning(of kind: ResourceLimit.Kind) -> String {
        switch kind {
        case .cpu: "Processor time"
        case .fsize: "Size of a file it writes"
        case .data: "Size of its data segment"
        case .stack: "Size of its stack"
        case .core: "Size of a core file"
        case .rss: "Resident memory (kernels since 2.4.30 ignore it)"
        case .nproc: "Processes of its user"
        case .nofile: "Open descriptors"
        case .memlock: "Locked memory"
        case .as: "Address space"
        case .locks: "File locks (kernels since 2.4.25 ignore it)"
        case .sigpending: "Queued signals"
        case .msgqueue: "POSIX message queues"
        case .nice: "How far it may raise its priority, as 20 less the nice value"
        case .rtprio: "Real-time priority"
        case .rttime: "Real-time processor time without a system call that blocks"
        }
    }

    private static let limits: [Key] = [
        Key("memory", .size, .optional, .apply, "Memory, page cache included."),
        Key("cpu", .text(.percentage), .optional, .apply, "Processor time; `150%` is one and a half processors."),
        Key("pids", .integer(1...4_194_304), .optional, .apply, "Processes and threads."),
    ]

    private static let socket: [Key] = [
        Key("port", .text(.name), .optional, .start, "A port of its slot, by name; listens at 127.0.0.1."),
        Key("listen", .listen, .optional, .start, "An address and a port, for a process outside the slots."),
        Key(
            "backlog", .integer(1...65535), .defaults(to: "4096"), .start,
            "How many connections may wait to be accepted; the kernel's `net.core.somaxconn` bounds it."),
    ]
}
