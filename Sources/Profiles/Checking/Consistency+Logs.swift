import CoreTypes

extension Consistency {
    /// Smaller files would be rotated by single lines.
    private static let smallestFile = ByteCount.kibibytes(4)
    private static let smallestSpool = ByteCount.mebibytes(1)

    mutating func checkLogs(_ process: ProcessDeclaration, at path: ProfilePath) {
        let logs = process.logs
        if logs.maximumSize < Self.smallestFile {
            report(path + "maximum_size", "a log is rotated at \(Self.smallestFile) or more")
        }
        if logs.maximumTotal < logs.maximumSize {
            let key = isWritten(path + "maximum_total") ? "maximum_total" : "maximum_size"
            report(
                path + key,
                "all files together (\(logs.maximumTotal)) may take less than a single one (\(logs.maximumSize))",
                given: [path + "maximum_total", path + "maximum_size"])
        }
        if logs.format == .json, isWritten(path + "timestamps") {
            report(path + "timestamps", "JSON lines always have their time", given: [path + "format"])
        }
    }

    mutating func checkLogging(at path: ProfilePath) {
        let socket = profile.logging.journalSocket
        if socket.utf8.count > 107 {
            report(path + "journal_socket", "the path of a socket has at most 107 bytes")
        }
        guard let logstash = root["logging"].ifPresent("logstash") else { return }
        let place = path + "logstash"
        do throws(InvalidName) { _ = try Endpoint(logstash["address"].string) } catch {
            report(place + "address", "expected \(error.expected)")
        }
        if logstash["spool"].size < Self.smallestSpool {
            report(place + "spool", "a spool holds \(Self.smallestSpool) or more")
        }
    }
}
