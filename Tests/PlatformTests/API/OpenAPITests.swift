import Foundation
import HTTPTypes
import Platform
import Testing

@Suite("The API's document")
struct OpenAPITests {
    private func document() async throws -> [String: Any] {
        let bench = try Bench()
        let (_, token) = try await bench.setUp()
        let reply = try await bench.api { try await $0.get("/api/openapi.json", token: token) }
        #expect(reply.status == 200 && reply.headers[.contentType] == "application/json")
        return reply.json
    }

    @Test("has every route of the table with its method, and no other")
    func routes() async throws {
        let paths = try #require(try await document()["paths"] as? [String: [String: Any]])
        let documented = Set(paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
        let served = API.endpoints.map { endpoint in
            let path = endpoint.path.replacing(/:([a-z]+)/) { "{\($0.1)}" }
            return "\(endpoint.method.rawValue) \(path)"
        }
        #expect(documented == Set(served) && served.count == documented.count)
    }

    @Test("says of each route who may call it, which parameters its path has, and how it refuses")
    func operations() async throws {
        let paths = try #require(try await document()["paths"] as? [String: [String: [String: Any]]])
        for endpoint in API.endpoints {
            let path = endpoint.path.replacing(/:([a-z]+)/) { "{\($0.1)}" }
            let operation = try #require(paths[path]?[endpoint.method.rawValue.lowercased()])
            let schemes = (operation["security"] as? [[String: Any]] ?? []).flatMap(\.keys)
            let responses = operation["responses"] as? [String: Any] ?? [:]
            switch endpoint.access {
            case .anybody: #expect(schemes.isEmpty)
            case .person: #expect(schemes == ["token"] && responses["401"] != nil && responses["403"] != nil)
            case .scope: #expect(schemes == ["token", "key"] && responses["401"] != nil && responses["403"] != nil)
            }
            let parameters = operation["parameters"] as? [[String: Any]] ?? []
            let inPath = parameters.filter { $0["in"] as? String == "path" }.compactMap { $0["name"] as? String }
            #expect(inPath == path.matches(of: /\{([a-z]+)\}/).map { String($0.1) })
            #expect(responses.keys.contains { $0.hasPrefix("2") } && responses["503"] != nil)
        }
    }

    @Test("refers to nothing that is not there, and names each operation once")
    func references() async throws {
        let document = try await document()
        var references: Set<String> = []
        func walk(_ value: Any) {
            if let fields = value as? [String: Any] {
                if let reference = fields["$ref"] as? String { references.insert(reference) }
                fields.values.forEach(walk)
            } else if let values = value as? [Any] {
                values.forEach(walk)
            }
        }
        walk(document)
        let schemas = (document["components"] as? [String: [String: Any]])?["schemas"] ?? [:]
        #expect(references == Set(schemas.keys.map { "#/components/schemas/\($0)" }))
        let paths = document["paths"] as? [String: [String: [String: Any]]] ?? [:]
        let names = paths.values.flatMap { $0.values.compactMap { $0["operationId"] as? String } }
        #expect(Set(names).count == API.endpoints.count)
    }
}
