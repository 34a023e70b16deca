/// What the API's document says about a route, beyond what follows from its method, path and access.
package struct Operation: Sendable {
    /// A parameter in the query; none is required.
    struct Parameter: Sendable {
        let name: String
        let description: String
        let schema: JSONValue
    }

    /// What a request carries.
    enum Body: Sendable {
        /// JSON of one of `Schemas.all`.
        case json(String)
        /// A file, as it is or in a form.
        case file(types: [String])
    }

    /// What a reply carries.
    enum Content: Sendable {
        /// JSON of one of `Schemas.all`.
        case json(String)
        /// A page of a list of one of them.
        case page(of: String)
        /// All of a list of one of them.
        case list(of: String)
        /// Text of these types.
        case text([String])
        case nothing
    }

    let summary: String
    let parameters: [Parameter]
    let body: Body?
    let status: Int
    let content: Content
    /// The same content with other statuses.
    let alsoWith: [Int]
    /// Statuses of refusals that do not follow from anything else.
    let refusals: [Int]

    init(
        _ summary: String, parameters: [Parameter] = [], body: Body? = nil, status: Int = 200, _ content: Content,
        alsoWith: [Int] = [], refusals: [Int] = []
    ) {
        self.summary = summary
        self.parameters = parameters
        self.body = body
        self.status = status
        self.content = content
        self.alsoWith = alsoWith
        self.refusals = refusals
    }
}

extension Operation.Parameter {
    static let page = [
        Self(
            name: "limit", description: "How many entries a page has at most.",
            schema: ["type": "integer", "minimum": 1, "maximum": 200, "default": 50]),
        Self(
            name: "cursor", description: "The `next` of the page before.",
            schema: ["type": "string", "pattern": "^[A-Za-z0-9_-]+$"]),
    ]
}
