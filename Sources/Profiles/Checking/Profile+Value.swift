import CoreTypes

extension Profile {
    /// Makes the profile from values that have their shapes.
    init(_ root: Value) {
        self.init(
            name: root["profile"].string, summary: root["summary"].string,
            services: Services(
                store: named(root["services"]["store"]), queue: named(root["services"]["queue"]),
                databases: root["services"]["databases"].items.map(\.string)),
            secrets: root["secrets"].pairs.compactMap { name, value in
                SecretDeclaration(key: name, value: value, application: root["profile"].string)
            },
            slots: Dictionary(
                root["slots"].pairs.compactMap { key, ports in
                    Slot(rawValue: key).map { ($0, ports.dictionary(\.port)) }
                }, uniquingKeysWith: { first, _ in first }),
            processes: root["processes"].pairs.compactMap(ProcessDeclaration.init),
            logging: Logging(
                journalSocket: root["logging"]["journal_socket"].string,
                logstash: root["logging"].ifPresent("logstash").flatMap(Logging.Logstash.init)),
            frontDoor: FrontDoor(
                address: root["front_door"]["listen"].listen.address, port: root["front_door"]["listen"].listen.port,
                manager: named(root["front_door"]["manager"]), drain: root["front_door"]["drain"].time,
                streams: root["front_door"]["streams"].time,
                tls: root["front_door"].ifPresent("tls").map(FrontDoor.TLS.init),
                names: root["front_door"]["names"].items.map(\.string),
                preview: root["front_door"].ifPresent("preview").map {
                    Listener(address: $0.listen.address, port: $0.listen.port)
                },
                limits: root["front_door"]["limits"].dictionary {
                    RequestLimit(rate: $0["rate"].string, burst: $0["burst"].integer)
                }),
            routes: root["routes"].items.map { route in
                Route(
                    path: route["path"].string, process: route["to"].process, timeout: route["timeout"].time,
                    body: route["body"].size, buffersRequests: route["buffering"].boolean,
                    isStream: route["stream"].boolean, cache: named(route["cache"]),
                    limit: route.ifPresent("limit")?.string)
            },
            metrics: root.ifPresent("metrics").map {
                MetricsListener(address: $0["listen"].listen.address, port: $0["listen"].listen.port)
            },
            account: root.ifPresent("account")?.string, release: ReleasePolicy(root["release"]),
            runtimes: Runtimes(root["runtimes"]),
            docker: root.ifPresent("docker").map { $0["access"].items.map(\.process) },
            scanners: root["scanners"].items.map(named),
            catalogue: Catalogue(
                upstreams: root["upstreams"].dictionary(Upstream.init),
                archives: root["archives"].dictionary {
                    PinnedArchive(
                        uri: $0["uri"].string, sha256: $0["sha256"].string, version: $0.ifPresent("version")?.string)
                },
                mirrors: root["mirrors"].items.map { Catalogue.Mirror(from: $0["from"].string, to: $0["to"].string) }),
            switching: Switching(
                watch: root["switch"]["watch"].time, errors: root["switch"]["errors"].integer,
                warm: root["switch"]["warm"].time, hooks: root["switch"]["hooks"].time,
                preview: root["switch"]["preview"].time, smoke: root["switch"]["smoke"].items.map(SmokeCheck.init)))
    }
}

extension ReleasePolicy {
    fileprivate init(_ value: Value) {
        self.init(
            source: named(value["source"]),
            entryPoints: value["entry_points"].items.compactMap { EntryPoint($0.string) },
            keep: value["keep"].integer)
    }
}

extension Runtimes {
    fileprivate init(_ value: Value) {
        self.init(
            python: value.ifPresent("python").map {
                Python(version: $0["version"].string, method: named($0["method"]))
            },
            node: value.ifPresent("node").map { Node(version: $0["version"].string, yarn: $0["yarn"].boolean) })
    }
}

extension Upstream {
    fileprivate init(_ value: Value) {
        self.init(
            key: value["key"].string, fingerprint: value["fingerprint"].string,
            repositories: value["repositories"].dictionary { repository in
                Repository(
                    uri: repository["uri"].string, suite: repository["suite"].string,
                    components: repository["components"].items.map(\.string))
            })
    }
}

extension FrontDoor.TLS {
    fileprivate init(_ value: Value) {
        self.init(
            domain: value.ifPresent("domain")?.string, email: value.ifPresent("email")?.string,
            acme: value["acme"].string, plainAddress: value["plain"].listen.address,
            plainPort: value["plain"].listen.port)
    }
}

extension Logging.Logstash {
    /// `nil` when its address is none, which `Consistency` reports.
    fileprivate init?(_ value: Value) {
        guard let address = try? Endpoint(value["address"].string) else { return nil }
        self.init(address: address, spool: value["spool"].size)
    }
}

extension SecretDeclaration {
    /// `application`: the profile's name, which is that of its database and its user.
    fileprivate init?(key: String, value: Value, application: String) {
        guard let name = try? SecretName(key) else { return nil }
        let bytes = value["bytes"].integer
        let generator: Generator? =
            switch value["generate"].string {
            case "hex": .hex(bytes: bytes)
            case "base64": .base64(bytes: bytes)
            case "fernet": .fernet
            case "password": .password(length: value["length"].integer)
            case "previous": .previous(of: String(key.dropLast(SecretDeclaration.previousSuffix.count)))
            case "mongodb-url": .mongodbURL(application: application)
            case "redis-url": .redisURL
            default: nil
            }
        guard let generator else { preconditionFailure("the key table allows a generator nobody reads") }
        self.init(name: name, generator: generator)
    }
}

/// Reads a word that the key table takes from the cases of `Word`.
func named<Word: RawRepresentable>(_ value: Value) -> Word where Word.RawValue == String {
    guard let word = Word(rawValue: value.string) else {
        preconditionFailure("the key table allows '\(value.string)', which \(Word.self) does not have")
    }
    return word
}

extension Value {
    func dictionary<Element>(_ element: (Value) -> Element) -> [String: Element] {
        Dictionary(pairs.map { ($0.key, element($0.value)) }, uniquingKeysWith: { first, _ in first })
    }
}
