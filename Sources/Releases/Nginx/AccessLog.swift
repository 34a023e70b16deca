package import CoreTypes
package import Host
package import Profiles
package import SystemPackage

/// Reads what the front door has answered, from its log.
package struct AccessLog: Sendable {
    /// As nginx writes it. The query is left out: it may carry what nobody should read in a log. The last five words are
    /// what `line` reads, since a path may hold blanks.
    static let format =
        "$remote_addr $request_method $uri $status $body_bytes_sent $request_time $bedplate_chosen $bedplate_request_id"
    private static let chunk = 1 << 20
    /// How much of the past says what is usual.
    private static let past: Int64 = 256 << 10

    private let path: FilePath
    private let host: any Host
    private var offset: Int64

    /// Begins at the end of what there is; a log that is not there yet is empty.
    package init(_ path: FilePath, on host: any Host) throws {
        self.path = path
        self.host = host
        offset = try host.files.status(path)?.size ?? 0
    }

    /// What a slot answered lately, before this began.
    package func recent(_ slot: Slot) throws -> ErrorRate {
        guard offset > 0 else { return ErrorRate() }
        let start = max(0, offset - Self.past)
        let bytes = try host.files.read(path, from: start, limit: Int(offset - start))
        return Self.rate(of: slot, in: bytes[...])
    }

    /// What a slot answered since this was asked last. Of a log that was rotated meanwhile, only the new file is read.
    package mutating func new(_ slot: Slot) throws -> ErrorRate {
        var rate = ErrorRate()
        guard let size = try host.files.status(path)?.size else { return rate }
        if size < offset { offset = 0 }
        while offset < size {
            let bytes = try host.files.read(path, from: offset, limit: Self.chunk)
            guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { break }
            rate.add(Self.rate(of: slot, in: bytes[...end]))
            offset += Int64(end + 1)
        }
        return rate
    }

    private static func rate(of slot: Slot, in bytes: ArraySlice<UInt8>) -> ErrorRate {
        var rate = ErrorRate()
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " ")).suffix(5)
            guard words.count == 5, let status = words.first, status.count == 3,
                words[words.startIndex + 3].elementsEqual(slot.rawValue.utf8)
            else { continue }
            rate.answers += 1
            if status.first == UInt8(ascii: "5") { rate.errors += 1 }
        }
        return rate
    }
}

extension Layout {
    /// Where nginx's access log is: what the supervisor captures of it, or a file that the machine rotates with nginx's.
    package func accessLog(of door: FrontDoor) -> FilePath {
        switch door.manager {
        case .supervisor: logs.appending(StackCompiler.nginx).appending("current")
        case .systemd: root.appending("var/log/nginx/bedplate.log")
        }
    }
}
