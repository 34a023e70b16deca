import CLinux
import CoreTypes
import Glibc

/// A file of environment variables, a `KEY=VALUE` a line, as an operator keeps it (systemd.exec(5), EnvironmentFile=).
///
/// Blank lines and lines that begin with `#` or `;` say nothing. A value may stand in single quotes, taken as it is, or in
/// double quotes, where a backslash before `"`, `\`, `$` or a backquote stands for the character after it. Nothing is
/// expanded, and no value goes over its line. It may hold secrets: no error quotes it.
enum EnvironmentFile {
    static let maximumSize = 256 << 10

    struct Mistake: Error, Equatable {
        /// Counted from 1.
        let line: Int
        let reason: String
    }

    /// `name`: its path; after a `-` it may be missing.
    static func load(_ name: String) throws(SpawnFailure) -> [String: String] {
        let isOptional = name.hasPrefix("-")
        let path = isOptional ? String(name.dropFirst()) : name
        let stage = "reading the environment file '\(path)'"
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { throw SpawnFailure(stage, "it is no file") }
        let content: [UInt8]?
        do throws(SystemError) { content = try Files.read(path, limit: maximumSize) } catch {
            throw SpawnFailure(stage, error.reason)
        }
        guard let bytes = content else {
            if isOptional { return [:] }
            throw SpawnFailure(stage, SystemError("", ENOENT).reason)
        }
        do throws(Mistake) { return try parse(bytes) } catch {
            throw SpawnFailure(stage, "line \(error.line): \(error.reason)")
        }
    }

    static func parse(_ bytes: [UInt8]) throws(Mistake) -> [String: String] {
        var variables: [String: String] = [:]
        var number = 0
        for line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let text = trim(line)
            guard let first = text.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else { continue }
            guard let equals = text.firstIndex(of: UInt8(ascii: "=")) else {
                throw Mistake(line: number, reason: "there is no '=' in it")
            }
            guard let key = String(validating: text[..<equals], as: UTF8.self), isKey(key) else {
                throw Mistake(line: number, reason: "what stands before '=' cannot name a variable")
            }
            guard !isReserved(key) else { throw Mistake(line: number, reason: "'\(key)' is the supervisor's to set") }
            let value: [UInt8]
            do throws(Unquotable) { value = try unquote(text[(equals + 1)...]) } catch {
                throw Mistake(line: number, reason: error.reason)
            }
            guard !value.contains(0), let valid = String(validating: value, as: UTF8.self) else {
                throw Mistake(line: number, reason: "its value is no UTF-8 text")
            }
            variables[key] = valid
        }
        return variables
    }

    private struct Unquotable: Error { let reason: String }

    private static func unquote(_ text: ArraySlice<UInt8>) throws(Unquotable) -> [UInt8] {
        let text = trim(text)
        guard let quote = text.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            return Array(text)
        }
        var value: [UInt8] = []
        var rest = text.dropFirst()
        while let byte = rest.popFirst() {
            if byte == quote {
                guard rest.isEmpty else { throw Unquotable(reason: "something follows its closing quote") }
                return value
            }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\""), let next = rest.first,
                "\"\\$`".utf8.contains(next)
            {
                value.append(next)
                rest = rest.dropFirst()
            } else {
                value.append(byte)
            }
        }
        throw Unquotable(reason: "its quote is not closed")
    }

    private static func trim(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        let start = text.drop(while: isBlank)
        guard let last = start.lastIndex(where: { !isBlank($0) }) else { return [] }
        return start[...last]
    }

    private static func isKey(_ text: String) -> Bool {
        guard let first = text.utf8.first, !(0x30...0x39).contains(first), text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x5F
        }
    }

    private static func isReserved(_ key: String) -> Bool {
        ["BEDPLATE_", "LISTEN_", "WATCHDOG_"].contains(where: key.hasPrefix)
            || ["CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET"].contains(key)
    }
}
