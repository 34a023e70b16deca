import CoreTypes
import Foundation
import Testing

@testable import Profiles

/// The problems of a profile; an empty list when there are none.
func problems(_ text: String, overlays: [String] = [], settings: [String] = []) -> [ProfileProblem] {
    do {
        _ = try load(text, overlays: overlays, settings: settings)
        return []
    } catch {
        return error.list
    }
}

func load(_ text: String, overlays: [String] = [], settings: [String] = []) throws(ProfileProblems) -> LoadedProfile {
    try ProfileLoader(
        base: ProfileSource(name: "p.yaml", text: text),
        overlays: overlays.enumerated().map { ProfileSource(name: "\($0.offset).yaml", text: $0.element) },
        settings: settings
    ).load()
}

/// `line: path: sentence` of each problem, short enough to compare whole.
func lines(_ problems: [ProfileProblem]) -> [String] {
    problems.map { "\($0.line.map(String.init) ?? $0.file): \($0.path): \($0.sentence) \($0.suggestion ?? "-")" }
}

/// The smallest profile with two slotted processes, a route and one process outside the slots.
let small = """
    profile: small
    secrets:
      KEY: {generate: hex}
    slots:
      blue: {api: 8001}
      green: {api: 8002}
    processes:
      api:
        slotted: true
        port: api
        command: ["{release}/bin/api", --port, "{port}"]
        credentials: [KEY]
        probes:
          readiness: {http: /ready}
      worker:
        slotted: true
        command: [/usr/bin/worker]
        requires: [api]
      engine:
        command: ["{release}/bin/engine"]
    routes:
      - {path: /, to: api}
    """

/// `small` with one text replaced; a text that is not there is a mistake of the test.
func small(_ old: String, _ new: String) -> String {
    guard let range = small.range(of: old) else {
        Issue.record("the small profile has no '\(old)'")
        return small
    }
    return small.replacingCharacters(in: range, with: new)
}
