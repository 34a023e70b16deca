package import CoreTypes

/// A validated profile with every default filled in: what an application needs, and how to run and reach it.
///
/// It comes from `ProfileLoader`, which reports every problem of the YAML at once.
package struct Profile: Sendable, Equatable {
    package var name: String
    package var summary: String
    package var services: Services
    package var secrets: [SecretDeclaration]
    /// Ports by slot and port name: blue's `api` is 8001.
    package var slots: [Slot: [String: Port]]
    package var processes: [ProcessDeclaration]
    package var logging: Logging
    package var frontDoor: FrontDoor
    package var switching: Switching
    /// In the order of the file; the longest matching path wins, as nginx does it.
    package var routes: [Route]
    /// Where the supervisor tells its metrics; `nil`: nowhere.
    package var metrics: MetricsListener?
    /// The system user and group that processes run as; `nil`: as the supervisor.
    package var account: String?
    package var release: ReleasePolicy
    package var runtimes: Runtimes
    /// The processes whose users may speak with Docker, where it is present; `nil`: Docker is of no interest.
    package var docker: [ProcessName]?
    package var scanners: [Scanner]
    package var catalogue: Catalogue

    package init(
        name: String, summary: String, services: Services, secrets: [SecretDeclaration],
        slots: [Slot: [String: Port]], processes: [ProcessDeclaration], logging: Logging = Logging(),
        frontDoor: FrontDoor, routes: [Route], metrics: MetricsListener? = nil,
        account: String? = nil, release: ReleasePolicy = ReleasePolicy(), runtimes: Runtimes = Runtimes(),
        docker: [ProcessName]? = nil, scanners: [Scanner] = [], catalogue: Catalogue = Catalogue(),
        switching: Switching = Switching()
    ) {
        self.name = name
        self.summary = summary
        self.services = services
        self.secrets = secrets
        self.slots = slots
        self.processes = processes
        self.logging = logging
        self.frontDoor = frontDoor
        self.switching = switching
        self.routes = routes
        self.metrics = metrics
        self.account = account
        self.release = release
        self.runtimes = runtimes
        self.docker = docker
        self.scanners = scanners
        self.catalogue = catalogue
    }
}

/// Where the output of all processes goes besides their files.
package struct Logging: Sendable, Equatable {
    /// The socket of systemd's journal; absolute.
    package var journalSocket: String
    package var logstash: Logstash?

    package init(journalSocket: String = "/run/systemd/journal/socket", logstash: Logstash? = nil) {
        self.journalSocket = journalSocket
        self.logstash = logstash
    }

    package struct Logstash: Sendable, Equatable {
        package var address: Endpoint
        package var spool: ByteCount

        package init(address: Endpoint, spool: ByteCount) {
            self.address = address
            self.spool = spool
        }
    }
}

/// Which stores the application uses: its own embedded ones, or servers on this host.
package struct Services: Sendable, Equatable {
    package var store: Store
    package var queue: Queue
    /// The databases of MongoDB that the application uses; empty: one with the profile's name.
    package var databases: [String]

    package enum Store: String, Sendable, CaseIterable { case embedded, mongodb }
    package enum Queue: String, Sendable, CaseIterable { case embedded, redis }

    package init(store: Store, queue: Queue, databases: [String] = []) {
        self.store = store
        self.queue = queue
        self.databases = databases
    }
}

/// A TCP port, 1 to 65535.
package struct Port: Hashable, Sendable, CustomStringConvertible {
    package let number: Int

    package init?(_ number: Int) {
        guard (1...65535).contains(number) else { return nil }
        self.number = number
    }

    package var description: String { String(number) }
}
