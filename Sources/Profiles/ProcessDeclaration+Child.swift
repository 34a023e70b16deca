package import CoreTypes

extension ProcessDeclaration {
    /// How the processes of an instance run.
    package struct Child: Sendable, Equatable {
        /// Supplementary groups, besides the user's own.
        package var groups: [String] = []
        /// After a `-`, a file may be missing. May hold placeholders.
        package var environmentFiles: [String] = []
        /// May hold placeholders.
        package var workingDirectory = "/"
        package var umask = 0o022
        package var nice = 0
        package var oomScore = 0
        package var noNewPrivileges = true
        /// `nil`: those of its user.
        package var capabilities: [Capability]?
        package var resourceLimits: [ResourceLimit] = []
        package var limits = InstanceLimits()
        package var sockets: [Socket] = []

        package init() {}
    }

    package struct Socket: Sendable, Equatable {
        package var name: String
        package var place: Place
        package var backlog: Int

        package enum Place: Sendable, Equatable {
            /// A port of the slot, by name.
            case port(String)
            /// An IP address without brackets.
            case address(String, Port)
        }

        package init(name: String, place: Place, backlog: Int) {
            self.name = name
            self.place = place
            self.backlog = backlog
        }
    }
}
