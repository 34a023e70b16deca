package import CoreTypes

/// How a receiver knows that a message is ours and of now: HMAC-SHA256 with WEBHOOK_SECRET over the timestamp, a full
/// stop and the body.
package enum WebhookSignature {
    package static func headers(_ body: [UInt8], secret: Secret, at moment: Timestamp) -> [(
        name: String, value: String
    )] {
        let timestamp = "\(moment.seconds)"
        let digest = hmacSHA256(Array("\(timestamp).".utf8) + body, key: Array(secret.reveal().utf8))
        return [("X-CSPM-Timestamp", timestamp), ("X-CSPM-Signature", "sha256=\(hexadecimal(digest))")]
    }
}
