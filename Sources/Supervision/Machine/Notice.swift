/// What a process says of itself: one datagram of sd_notify(3).
package struct Notice: Hashable, Sendable {
    /// In characters; what is longer is cut.
    static let maximumStatus = 256

    /// `READY=1`
    package var isReady = false
    /// `STOPPING=1`
    package var isStopping = false
    /// `WATCHDOG=1`
    package var isAlive = false
    /// `STATUS=…`, without what a terminal would take for orders; `nil` when the datagram had none.
    package var status: String?

    package init(isReady: Bool = false, isStopping: Bool = false, isAlive: Bool = false, status: String? = nil) {
        self.isReady = isReady
        self.isStopping = isStopping
        self.isAlive = isAlive
        self.status = status
    }

    /// Reads assignments, one a line; those we do not know are passed over. `nil` when there is nothing for us.
    package init?(parsing bytes: some Sequence<UInt8>) {
        for line in bytes.split(separator: 0x0A) {
            switch String(decoding: line, as: UTF8.self) {
            case "READY=1": isReady = true
            case "STOPPING=1": isStopping = true
            case "WATCHDOG=1": isAlive = true
            case let text where text.hasPrefix("STATUS="):
                status = String(text.dropFirst("STATUS=".count).prefix(Self.maximumStatus)).withoutControls
            default: continue
            }
        }
        guard isReady || isStopping || isAlive || status != nil else { return nil }
    }
}

extension String {
    /// The text with a space for each control character, so that it can be shown on a terminal.
    var withoutControls: String {
        func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) }
        guard unicodeScalars.contains(where: isControl) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { isControl($0) ? " " : $0 }))
    }
}
