import Host
import Profiles
import SystemPackage

/// What comes from elsewhere.
extension HostPreflight {
    /// Reads what will be fetched: that proves names, routes, proxies and certificates in the way apt uses them. All of it
    /// at the same time, as a host without a network has to wait for each answer that does not come.
    func elsewhere(_ host: any Host, _ distribution: Distribution) async throws -> [Preflight.Finding] {
        let isFirst = try host.files.status(layout.stack) == nil
        let (sources, own) = isFirst ? try await sourcesOfHost(host) : ([], [])
        let questions = try own + upstreamQuestions(host, distribution)
        // Later nothing is to be installed by it any more, so it is not asked, which takes a second.
        async let health = isFirst ? host.packages.health() : PackageHealth()
        let answers = await withTaskGroup(of: (Int, Answer).self) { group in
            for (index, question) in questions.enumerated() {
                group.addTask { (index, await question.answer(host)) }
            }
            var answers: [Int: Answer] = [:]
            for await (index, answer) in group { answers[index] = answer }
            return answers.sorted { $0.key < $1.key }.map(\.value)
        }
        let apt = try await health
        let dates = answers.compactMap { answer in answer.dates.map { (answer.address, $0) } }
        return sources + answers.compactMap(\.finding)
            + clock(host, against: dates, as: apt) + apt.complaints.map(Self.unmet)
    }

    private static func unmet(_ complaint: String) -> Preflight.Finding {
        .init("packages of this host lack what they need: \(complaint)", next: "apt-get --fix-broken install")
    }

    private struct Answer: Sendable {
        let address: String
        var finding: Preflight.Finding?
        /// Of an index.
        var dates: RepositoryDates?
    }

    /// An address that must be readable.
    private struct Question: Sendable {
        /// What is there: `the repository of node`.
        let subject: String
        let address: String
        /// Where it may be instead.
        var otherwise: String?
        var limit = 16 << 20
        let next: String
        /// What is wrong with what was read, completing the subject and its address.
        var fault: @Sendable ([UInt8]) -> String? = { _ in nil }
        var isIndex = false

        func answer(_ host: any Host) async -> Answer {
            var answer = Answer(address: address)
            do {
                let content = try await host.downloads.read(address, limit: limit)
                answer.finding = fault(content).map { .init("\(subject) at \(address) \($0)", next: next) }
                if isIndex { answer.dates = RepositoryDates(content) }
            } catch {
                if let otherwise, let content = try? await host.downloads.read(otherwise, limit: limit) {
                    answer.dates = RepositoryDates(content)
                } else {
                    answer.finding = .init("\(subject) cannot be had: \(error)", next: next)
                }
            }
            return answer
        }
    }

    /// The repositories that this host has, the distribution's among them; and what is wrong with their list. Once all is
    /// installed, it does not matter that they are away.
    private func sourcesOfHost(_ host: any Host) async throws -> ([Preflight.Finding], [Question]) {
        let next = "see /etc/apt/sources.list.d and the network"
        let indexes: [String]
        do { indexes = try await host.packages.indexes() } catch {
            return ([.init("apt cannot read its sources: \(error)", next: next)], [])
        }
        guard !indexes.isEmpty else { return ([.init("apt has no sources on this host", next: next)], []) }
        let questions = indexes.map { index in
            // Some repositories have their signature in a file of its own.
            Question(
                subject: "a repository of this host", address: index,
                otherwise: index.replacingSuffix("/InRelease", by: "/Release"), next: next, isIndex: true)
        }
        return ([], questions)
    }

    private func upstreamQuestions(_ host: any Host, _ distribution: Distribution) throws -> [Question] {
        let now = host.wallTime()
        return try HostGraph.repositories(profile, on: distribution).flatMap { need -> [Question] in
            // Once its packages are there, an upstream that is away does not matter.
            guard try host.files.status(FilePath("/etc/apt/keyrings/bedplate-\(need.name).gpg")) == nil else {
                return []
            }
            let base = profile.catalogue.mirrored(need.repository.uri)
            return [
                Question(
                    subject: "the key of \(need.name)", address: profile.catalogue.mirrored(need.upstream.key),
                    limit: KeyStep.limit, next: "see 'mirrors' and upstreams.\(need.name) in the profile",
                    fault: { KeyStep.fault($0, fingerprint: need.upstream.fingerprint, now: now) }),
                Question(
                    subject: "the repository of \(need.name)",
                    address: "\(base)/dists/\(need.repository.suite)/InRelease", next: "see 'mirrors' in the profile",
                    isIndex: true),
            ]
        }
    }
}

extension String {
    fileprivate func replacingSuffix(_ old: String, by new: String) -> String {
        hasSuffix(old) ? dropLast(old.count) + new : self
    }
}
