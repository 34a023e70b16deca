import CLinux
import Glibc
import Host
import SystemPackage

extension LinuxNetwork {
    package func shutDown(connectionsTo port: Int, from source: String, heldBy processes: [Int32]) throws -> Int {
        let local = try Self.address(source)
        var wanted = Set(
            try sockets().filter { $0.isEstablished && $0.address == local && $0.remotePort == port }.map {
                "socket:[\($0.inode)]"
            })
        var count = 0
        for process in processes where !wanted.isEmpty { count += try shutDown(&wanted, of: process) }
        return count
    }

    /// Takes out of `wanted` what the process held; one that has ended meanwhile holds nothing.
    private func shutDown(_ wanted: inout Set<String>, of process: Int32) throws -> Int {
        let files = LinuxFiles()
        let folder = proc.appending("\(process)").appending("fd")
        let pidfd = linux_pidfd_open(process)
        guard pidfd >= 0 else {
            guard errno != ESRCH else { return 0 }
            throw HostError.failed(call: "pidfd_open", path: folder, errno: Errno(rawValue: errno))
        }
        defer { close(pidfd) }
        let names: [String]
        do { names = try files.list(folder) } catch let error as HostError where error.isAbsence { return 0 }
        var count = 0
        for name in names {
            let link = folder.appending(name)
            guard let number = Int32(name), let target = try? files.linkTarget(link), wanted.contains(target) else {
                continue
            }
            let socket = linux_take_descriptor(pidfd, number)
            guard socket >= 0 else {
                // It was closed, or the process ended, since its name was read.
                if errno == EBADF || errno == ESRCH { continue }
                throw HostError.failed(call: "pidfd_getfd", path: link, errno: Errno(rawValue: errno))
            }
            defer { close(socket) }
            wanted.remove(target)
            // Fails only for a connection that has ended by itself.
            if shutdown(socket, Int32(SHUT_RDWR)) == 0 { count += 1 }
        }
        return count
    }

    /// As the kernel's table writes it: the bytes of the address, read as a number of this machine.
    private static func address(_ text: String) throws -> UInt32 {
        var parsed = in_addr()
        guard inet_pton(AF_INET, text, &parsed) == 1 else {
            throw HostError.failed(call: "inet_pton", path: FilePath(text), errno: .invalidArgument)
        }
        return parsed.s_addr
    }
}
