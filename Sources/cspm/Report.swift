import ArgumentParser
import CoreTypes
import SystemPackage

/// Runs a program; what it cannot do goes to standard error as one sentence, and its exit code tells whose fault it is.
func report(_ program: () async throws -> Void) async throws {
    do {
        try await program()
    } catch let error as OperatorError {
        _ = try? FileDescriptor.standardError.writeAll("cspm: \(error)\n".utf8)
        throw ExitCode(error.exit.rawValue)
    }
}
