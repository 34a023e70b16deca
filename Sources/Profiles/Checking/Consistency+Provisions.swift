import CoreTypes

extension Consistency {
    /// What an installation fetches: named, whole, and pinned.
    mutating func checkProvisions() {
        let services = ProfilePath("services")
        let secrets = Set(profile.secrets.map(\.name.description))
        for declaration in profile.secrets {
            guard let source = declaration.generator.source, !secrets.contains(source) else { continue }
            report(
                ProfilePath(["secrets", declaration.name.description, "generate"]),
                "it is made of the secret \(source), which is not declared", given: [ProfilePath("secrets")])
        }
        for case (let name, .previous(of: let source)) in profile.secrets.map({ ($0.name, $0.generator) })
        where !name.description.hasSuffix(SecretDeclaration.previousSuffix) || !secrets.contains(source) {
            report(
                ProfilePath(["secrets", name.description, "generate"]),
                "it keeps what another secret was, so it is called like that one with _PREVIOUS at the end",
                given: [ProfilePath("secrets")])
        }
        if profile.services.store == .mongodb {
            demandUpstream("mongodb", because: services + "store")
            demandSecrets(["MONGO_ROOT_PASSWORD", "MONGO_PASSWORD"], secrets, because: services + "store")
        }
        if profile.services.queue == .redis { demandSecrets(["REDIS_PASSWORD"], secrets, because: services + "queue") }
        if profile.runtimes.node != nil { demandUpstream("node", because: ProfilePath(["runtimes", "node"])) }
        for (index, name) in (profile.docker ?? []).enumerated() where process(named: name) == nil {
            report(
                ProfilePath(["docker", "access"]) + index, "there is no process '\(name)'",
                suggestion: closestProcess(to: name))
        }
        for (index, scanner) in profile.scanners.enumerated() {
            let path = ProfilePath("scanners") + index
            if profile.scanners.firstIndex(of: scanner) != index { report(path, "it is named twice") }
            if scanner == .prowler, profile.runtimes.python == nil {
                report(path, "Prowler is written in Python", given: [ProfilePath("runtimes")])
            }
            let archives = profile.catalogue.archives.keys
            guard !archives.contains(where: { $0 == scanner.rawValue || $0.hasPrefix("\(scanner.rawValue)-") }) else {
                continue
            }
            report(path, "there is no archive '\(scanner.rawValue)'", given: [ProfilePath("archives")])
        }
        if profile.runtimes.python?.method == .source, profile.catalogue.archives["python-source"] == nil {
            report(
                ProfilePath(["runtimes", "python", "method"]), "there is no archive 'python-source'",
                given: [ProfilePath("archives")])
        }
        for (name, upstream) in profile.catalogue.upstreams {
            let path = ProfilePath(["upstreams", name])
            if upstream.fingerprint.utf8.count != 40 {
                report(
                    path + "fingerprint",
                    "a fingerprint has 40 hexadecimal digits, not \(upstream.fingerprint.utf8.count)")
            }
            checkAddress(upstream.key, at: path + "key")
            for (distribution, repository) in upstream.repositories {
                checkAddress(repository.uri, at: path + "repositories" + distribution + "uri")
            }
        }
        for (name, archive) in profile.catalogue.archives {
            let path = ProfilePath(["archives", name])
            if archive.sha256.utf8.count != 64 {
                report(path + "sha256", "a SHA-256 has 64 hexadecimal digits, not \(archive.sha256.utf8.count)")
            }
            checkAddress(archive.uri, at: path + "uri")
        }
        for (index, mirror) in profile.catalogue.mirrors.enumerated() {
            checkAddress(mirror.to, at: ProfilePath("mirrors") + index + "to")
        }
    }

    private mutating func demandUpstream(_ name: String, because path: ProfilePath) {
        guard profile.catalogue.upstreams[name] == nil else { return }
        report(path, "it comes from the upstream '\(name)', which is not there", given: [ProfilePath("upstreams")])
    }

    private mutating func demandSecrets(_ names: [String], _ declared: Set<String>, because path: ProfilePath) {
        for name in names where !declared.contains(name) {
            report(path, "it needs the secret \(name), which is not declared", given: [ProfilePath("secrets")])
        }
    }

    mutating func checkAddress(_ address: String, at path: ProfilePath) {
        guard !["https://", "http://", "file:"].contains(where: address.hasPrefix) else { return }
        report(path, "expected an address that begins with https://, http:// or file:")
    }
}
