package import CoreTypes
package import SystemPackage

/// The secrets of a program: one file each in its credentials directory, read once at start.
package struct Credentials: Sendable {
    private let program: String
    private let folder: FilePath?

    package init(program: String, folder: FilePath?) {
        self.program = program
        self.folder = folder
    }

    /// The secret of that name, without the line break an editor may have left at its end.
    package func required(_ name: String, atLeast length: Int) throws(OperatorError) -> Secret {
        guard let folder else {
            throw OperatorError(
                doing: "start cspm \(program)", because: "CREDENTIALS_DIRECTORY is not set",
                next: "set it to the folder that holds the file \(name)", exit: .usage)
        }
        guard let secret = try optional(name) else {
            throw OperatorError(
                doing: "start cspm \(program)", because: "the credential \(name) is missing in \(folder)",
                next: "create the file, readable by this program only")
        }
        guard secret.reveal().utf8.count >= length else {
            throw OperatorError(
                doing: "start cspm \(program)",
                because: "the credential \(name) is shorter than \(length) characters",
                next: "generate a longer one")
        }
        return secret
    }

    /// The secret of that name, or `nil` where there is no such file.
    package func optional(_ name: String) throws(OperatorError) -> Secret? {
        guard let folder else { return nil }
        do {
            let file = try FileDescriptor.open(folder.appending(name), .readOnly)
            var bytes = [UInt8](repeating: 0, count: 64 * 1024)
            let count = try file.closeAfter { try bytes.withUnsafeMutableBytes { try file.read(into: $0) } }
            guard count < bytes.count, let text = String(validating: bytes[..<count], as: UTF8.self) else {
                throw OperatorError(
                    doing: "start cspm \(program)", because: "the credential \(name) is no text of at most 64 KiB")
            }
            return Secret(String(text.drop(last: { $0.isNewline })), named: name)
        } catch Errno.noSuchFileOrDirectory {
            return nil
        } catch let error as OperatorError {
            throw error
        } catch {
            throw OperatorError(
                doing: "start cspm \(program)", because: "the credential \(name) cannot be read: \(error)", cause: error
            )
        }
    }
}

extension String {
    fileprivate func drop(last condition: (Character) -> Bool) -> Substring {
        var rest = self[...]
        while let last = rest.last, condition(last) { rest.removeLast() }
        return rest
    }
}
