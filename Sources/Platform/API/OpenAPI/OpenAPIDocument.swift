import HTTPTypes

/// The API's document (OpenAPI 3.1), derived from the table of endpoints.
enum OpenAPIDocument {
    static func make(_ endpoints: [Endpoint], limits: TimeLimits) -> JSONValue {
        var paths: [String: JSONValue] = [:]
        for endpoint in endpoints {
            let path = templated(endpoint.path)
            guard case .object(var methods) = paths[path] ?? [:] else { continue }
            methods[endpoint.method.rawValue.lowercased()] = operation(endpoint, limits)
            paths[path] = .object(methods)
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "cspm", "version": .text(Settings.version),
                "description":
                    "Every refusal is `{\"detail\": …}`. Lists are pages: `next` is the cursor of the next one.",
            ],
            "paths": .object(paths),
            "components": [
                "schemas": .object(Schemas.all),
                "securitySchemes": [
                    "token": ["type": "http", "scheme": "bearer", "bearerFormat": "JWT"],
                    "key": ["type": "apiKey", "in": "header", "name": "X-API-Key"],
                ],
            ],
        ]
    }

    /// `/api/scans/:id` as `/api/scans/{id}`.
    static func templated(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.first == ":" ? "{\($0.dropFirst())}" : String($0) }.joined(separator: "/")
    }

    private static func operation(_ endpoint: Endpoint, _ limits: TimeLimits) -> JSONValue {
        let operation = endpoint.operation
        var fields: [String: JSONValue] = [
            "summary": .text(operation.summary), "operationId": .text(name(endpoint)),
            "responses": .object(responses(endpoint)), "security": .list(security(endpoint.access)),
            "description": .text("Answered within \(limits.limit(for: endpoint.path).components.seconds) s."),
        ]
        let inPath = endpoint.path.split(separator: "/").filter { $0.first == ":" }.map { parameter -> JSONValue in
            [
                "name": .text(String(parameter.dropFirst())), "in": "path", "required": true,
                "schema": ["type": "string", "minLength": 1],
            ]
        }
        let inQuery = operation.parameters.map { parameter -> JSONValue in
            [
                "name": .text(parameter.name), "in": "query", "required": false,
                "description": .text(parameter.description), "schema": parameter.schema,
            ]
        }
        if !(inPath + inQuery).isEmpty { fields["parameters"] = .list(inPath + inQuery) }
        if let body = operation.body { fields["requestBody"] = ["required": true, "content": content(of: body)] }
        return .object(fields)
    }

    private static func name(_ endpoint: Endpoint) -> String {
        let words = endpoint.path.split { !$0.isLetter && !$0.isNumber }.dropFirst()
        return endpoint.method.rawValue.lowercased() + words.map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private static func security(_ access: Endpoint.Access) -> [JSONValue] {
        switch access {
        case .anybody: []
        case .person: [["token": []]]
        case .scope: [["token": []], ["key": []]]
        }
    }

    // MARK: Replies

    private static func responses(_ endpoint: Endpoint) -> [String: JSONValue] {
        let operation = endpoint.operation
        var responses: [String: JSONValue] = [:]
        for status in refusals(of: endpoint) {
            var refusal: [String: JSONValue] = [
                "description": .text(meaning(status)),
                "content": ["application/json": ["schema": reference("Refusal")]],
            ]
            if status == 429 { refusal["headers"] = Schemas.rateHeaders }
            responses["\(status)"] = .object(refusal)
        }
        for status in [operation.status] + operation.alsoWith {
            var reply: [String: JSONValue] = ["description": .text(operation.summary)]
            reply["content"] = content(of: operation.content)
            responses["\(status)"] = .object(reply)
        }
        return responses
    }

    /// What follows from a route's access, path and body, and what it says itself.
    private static func refusals(of endpoint: Endpoint) -> [Int] {
        var statuses = [503, 504] + endpoint.operation.refusals
        if !HealthRoutes.isHealth(endpoint.path) { statuses.append(429) }
        switch endpoint.access {
        case .anybody: break
        case .person, .scope: statuses += [401, 403]
        }
        if endpoint.path.contains(":") { statuses.append(404) }
        if endpoint.operation.body != nil { statuses += [400, 413, 415] }
        if !endpoint.operation.parameters.isEmpty { statuses.append(400) }
        return statuses
    }

    private static func meaning(_ status: Int) -> String {
        switch status {
        case 400: "The request is not what it should be."
        case 401: "Nobody signed in, or the token or key is not valid."
        case 403: "This caller may not do that."
        case 404: "There is no such thing, or it is somebody else's."
        case 409: "Its state does not allow that."
        case 413: "The body is too large."
        case 415: "The body is of a type that this route does not read."
        case 429: "Too many requests; wait as long as Retry-After says."
        case 503: "A database does not answer, or setup is not complete."
        case 504: "The request took too long; nothing of it goes on."
        case 507: "The disk is full."
        default: "It was refused."
        }
    }

    private static func content(of body: Operation.Body) -> JSONValue {
        switch body {
        case .json(let schema): return ["application/json": ["schema": reference(schema)]]
        case .file(let types):
            var content: [String: JSONValue] = [:]
            for type in types { content[type] = [:] }
            content["multipart/form-data"] = [
                "schema": [
                    "type": "object", "required": ["file"],
                    "properties": ["file": ["type": "string", "contentMediaType": .text(types[0])]],
                ]
            ]
            return .object(content)
        }
    }

    private static func content(of content: Operation.Content) -> JSONValue? {
        switch content {
        case .json(let schema): json(reference(schema))
        case .page(let schema):
            json([
                "type": "object", "required": ["items", "next"],
                "properties": [
                    "items": ["type": "array", "items": reference(schema)], "next": ["type": ["string", "null"]],
                ],
            ])
        case .list(let schema):
            json([
                "type": "object", "required": ["items"],
                "properties": ["items": ["type": "array", "items": reference(schema)]],
            ])
        case .text(let types): .object(Dictionary(uniqueKeysWithValues: types.map { ($0, [:]) }))
        case .nothing: nil
        }
    }

    private static func json(_ schema: JSONValue) -> JSONValue { ["application/json": ["schema": schema]] }

    private static func reference(_ schema: String) -> JSONValue { ["$ref": "#/components/schemas/\(schema)"] }
}
