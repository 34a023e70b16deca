import FoundationEssentials
import HTTPTypes
import Hummingbird
import NIOCore

/// The API's own document.
enum OpenAPIRoutes {
    static let endpoints = [
        Endpoint(
            .get, "/api/openapi.json", .scope(.read), Operation("This document.", .json("Document"))
        ) { services, _, _ in
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let document = OpenAPIDocument.make(API.endpoints, limits: services.limits)
            return JSON.reply(encoded: try encoder.encode(document))
        }
    ]
}
