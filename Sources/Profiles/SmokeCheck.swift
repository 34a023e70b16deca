/// A request that a slot must answer rightly before it gets traffic.
package struct SmokeCheck: Sendable, Equatable {
    /// What is asked, on the port of the process that the route of this path leads to.
    package var path: String
    package var status: Int
    /// A text that the answer's body must contain.
    package var contains: String?

    package init(path: String, status: Int = 200, contains: String? = nil) {
        self.path = path
        self.status = status
        self.contains = contains
    }

    init(_ value: Value) {
        self.init(
            path: value["path"].string, status: value["status"].integer, contains: value.ifPresent("contains")?.string)
    }

    /// The keys of one, of a release that says so by itself as of a profile.
    static func keys(_ effect: Key.Effect) -> [Key] {
        [
            Key("path", .text(.target), .required, effect, "What is asked of the process that answers this path."),
            Key("status", .integer(100...599), .defaults(to: "200"), effect, "The status that is right."),
            Key("contains", .text(.line), .optional, effect, "A text that the body must contain."),
        ]
    }
}
