import NIOCore
import SystemPackage

/// A file that becomes visible whole or not at all: written beside its place, synced, renamed.
struct PartialFile: Sendable {
    private let file: SystemPackage.FileDescriptor
    private let partial: FilePath
    private let final: FilePath

    /// Readable by this account only.
    init(_ partial: FilePath, becoming final: FilePath) async throws {
        let file = try await blocking {
            try SystemPackage.FileDescriptor.open(
                partial, .writeOnly, options: [.create, .exclusiveCreate, .closeOnExec], permissions: [.ownerReadWrite])
        }
        self.init(file, partial, becoming: final)
    }

    init(_ file: SystemPackage.FileDescriptor, _ partial: FilePath, becoming final: FilePath) {
        self.file = file
        self.partial = partial
        self.final = final
    }

    func append(_ buffer: ByteBuffer) async throws {
        try await Self.sayingFull {
            try await blocking { [file] in _ = try file.writeAll(buffer.readableBytesView) }
        }
    }

    /// Syncs before the rename: a scan that was accepted has its upload after a power cut, too.
    func keep() async throws {
        try await Self.sayingFull {
            try await blocking { [file, partial, final] in
                try file.sync()
                try file.close()
                try partial.rename(to: final)
            }
        }
    }

    /// Removes what there is so far. Nobody can do anything about a failure here; upkeep removes what is left.
    func discard() {
        try? file.close()
        try? partial.unlink()
    }

    private static func sayingFull(_ work: () async throws -> Void) async throws {
        do { try await work() } catch Errno.noSpace {
            throw Refusal.diskFull
        } catch Errno.diskQuotaExceeded {
            throw Refusal.diskFull
        }
    }
}
