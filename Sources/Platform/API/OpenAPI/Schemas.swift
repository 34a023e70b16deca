import Scanning

/// The shapes of what the API reads and writes, by name, as JSON Schema.
///
/// What a value may hold is said once more in the code that reads it; tests hold both against each other.
enum Schemas {
    static let all: [String: JSONValue] = [
        "Refusal": object(["detail": text]),
        "Status": object(["status": text]),
        "Health": object(
            [
                "status": ["enum": ["ok", "degraded"]], "version": text, "slot": ["enum": ["blue", "green"]],
                "parts": [
                    "type": "object",
                    "additionalProperties": object(
                        ["status": ["enum": ["ok", "down"]], "latency_ms": number, "indexes": integer],
                        optional: ["indexes"]),
                ],
            ], optional: ["slot"]),
        "SetupStatus": object(["complete": flag, "administrator": flag]),
        "AdministratorRequest": object(
            [
                "setup_token": text, "username": name,
                "password": nullable("string", ["minLength": 12, "maxLength": 256]),
            ], optional: ["password"]),
        "Administrator": object(["username": text]),
        "CompletionRequest": object(["setup_token": text]),
        "ValidationRequest": object(["setup_token": text, "url": nullable("string")], optional: ["url"]),
        "Validation": object(
            [
                "ok": flag, "version": text, "latency_ms": number, "problems": list(text), "warnings": list(text),
            ], optional: ["version", "latency_ms"]),
        "SignInRequest": object(["username": text, "password": text]),
        "Token": object(["access_token": text, "token_type": ["const": "bearer"], "expires_in": integer]),
        "Me": object(["id": text, "username": text, "role": ["enum": ["administrator", "member"]]]),
        "APIKeyRequest": object(
            [
                "name": label,
                "scopes": ["type": "array", "items": scope, "minItems": 1],
                "expires_in_days": nullable("integer", ["minimum": 1, "maximum": 3650]),
            ], optional: ["expires_in_days"]),
        "RotationRequest": object(
            ["grace_seconds": nullable("integer", ["minimum": 0, "maximum": 2_592_000])], optional: ["grace_seconds"]),
        "APIKey": object(
            ["id": text, "name": text, "scopes": list(scope), "created_at": time, "expires_at": time],
            optional: ["expires_at"]),
        "NewAPIKey": object(
            [
                "key": ["type": "string", "pattern": "^osk_[A-Za-z0-9_-]{43}$"], "id": text, "name": text,
                "scopes": list(scope), "expires_at": time,
            ], optional: ["expires_at"]),
        "Accepted": object(["scan_id": identifier]),
        "Scan": object(
            [
                "scan_id": identifier, "kind": kind,
                "status": status,
                "progress": ["type": "integer", "minimum": 0, "maximum": 100], "reason": text, "file_name": text,
                "upload_bytes": integer,
                "cloud": object(["account": text, "name": text, "services": list(text)]),
                "counts": object(Dictionary(uniqueKeysWithValues: severities.map { ($0, integer) })),
                "findings": integer, "files": integer, "bytes": integer, "files_skipped": integer, "created_at": time,
                "started_at": time, "finished_at": time,
                "jobs": list(
                    object(
                        ["scanner": text, "status": status, "reason": text, "started_at": time, "finished_at": time],
                        optional: ["reason", "started_at", "finished_at"])),
            ],
            optional: ["reason", "file_name", "cloud", "files", "bytes", "files_skipped", "started_at", "finished_at"]),
        "Finding": object([
            "fingerprint": text, "rule": text, "title": text, "severity": severity, "path": text, "line": integer,
            "column": integer, "excerpt": text,
        ]),
        "CloudAccountRequest": object(
            [
                "provider": ["enum": .list(CloudProvider.allCases.map { .text($0.rawValue) })],
                "name": label, "access_key_id": ["type": "string", "pattern": "^[A-Z0-9]{16,128}$"],
                "secret_access_key": ["type": "string", "pattern": "^[!-~]{16,256}$"],
                "session_token": nullable("string", ["pattern": "^[!-~]{1,8192}$"]),
                "regions": [
                    "type": "array", "minItems": 1, "maxItems": 50,
                    "items": ["type": "string", "pattern": "^[a-z]{2}(-[a-z]{1,16}){1,3}-[0-9]$"],
                ],
            ], optional: ["session_token"]),
        "CloudAccount": object([
            "id": text, "provider": text, "name": text, "key_ending": text, "regions": list(text), "created_at": time,
        ]),
        "CloudScanRequest": object(
            [
                "account": text,
                "services": nullable(
                    "array",
                    ["maxItems": 100, "items": ["type": "string", "pattern": "^[a-z][a-z0-9]{0,63}$"]]),
            ], optional: ["services"]),
        "CloudValidationRequest": object(["account": text]),
        "CloudValidation": object(
            ["ok": flag, "account_id": text, "arn": text, "problems": list(text)], optional: ["account_id", "arn"]),
        "WebhookRequest": object(
            [
                "url": ["type": "string", "format": "uri", "maxLength": 2048, "pattern": .text(WebhookURL.pattern)],
                "events": nullable("array", ["items": event, "minItems": 1]),
            ], optional: ["events"]),
        "Webhook": object(["id": text, "url": text, "events": list(event), "created_at": time]),
        "WebhookDelivery": object(
            [
                "id": text, "scan_id": identifier, "event": event,
                "status": ["enum": ["pending", "delivered", "failed"]],
                "attempts": integer, "answer": integer, "problem": text, "created_at": time, "last_attempt": time,
            ], optional: ["answer", "problem", "last_attempt"]),
        "Document": ["type": "object", "required": ["openapi", "paths"]],
    ]

    /// On each reply that was counted, and always on 429.
    static let rateHeaders: JSONValue = [
        "Retry-After": ["description": "Seconds to wait.", "required": true, "schema": integer],
        "X-RateLimit-Limit": ["description": "Requests in a window.", "schema": integer],
        "X-RateLimit-Remaining": ["description": "Requests that are left.", "schema": integer],
        "X-RateLimit-Reset": ["description": "Seconds until all of them are there again.", "schema": integer],
    ]

    static let severities = Severity.allCases.map(\.rawValue)
    static let severity: JSONValue = ["enum": .list(severities.map { .text($0) })]
    static let status: JSONValue = ["enum": .list(ScanStatus.allCases.map { .text($0.rawValue) })]
    static let kind: JSONValue = ["enum": .list(ScanKind.allCases.map { .text($0.rawValue) })]
    static let event: JSONValue = ["enum": .list(WebhookEvent.allCases.map { .text($0.rawValue) })]
    static let text: JSONValue = ["type": "string"]
    static let integer: JSONValue = ["type": "integer"]
    static let number: JSONValue = ["type": "number"]
    static let flag: JSONValue = ["type": "boolean"]
    static let time: JSONValue = ["type": "string", "format": "date-time"]
    static let identifier: JSONValue = ["type": "string", "pattern": "^[0-9a-f]{32}$"]
    static let name: JSONValue = ["type": "string", "pattern": "^[A-Za-z][A-Za-z0-9._@-]{0,63}$"]
    /// What somebody calls a thing of theirs.
    static let label: JSONValue = [
        "type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[^\\u0000-\\u001f\\u007f]+$",
    ]
    static let scope: JSONValue = ["enum": .list(APIKey.Scope.allCases.map { .text($0.rawValue) })]

    static func list(_ items: JSONValue) -> JSONValue { ["type": "array", "items": items] }

    /// What a request may leave out it may also send as null.
    static func nullable(_ type: String, _ limits: [String: JSONValue] = [:]) -> JSONValue {
        .object(limits.merging(["type": [.text(type), "null"]]) { $1 })
    }

    static func object(_ properties: [String: JSONValue], optional: Set<String> = []) -> JSONValue {
        let required = properties.keys.filter { !optional.contains($0) }.sorted()
        return ["type": "object", "properties": .object(properties), "required": .list(required.map { .text($0) })]
    }
}
