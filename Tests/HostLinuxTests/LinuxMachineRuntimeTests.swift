import Dispatch
import Glibc
import Host
import HostLinux
import SystemPackage
import Testing

@Suite struct LinuxMachineRuntimeTests {
    @Test("ports are read as Docker lists them")
    func published() {
        let text =
            "web\t0.0.0.0:8080->80/tcp, [::]:8080->80/tcp, 443/tcp\nranges\t127.0.0.1:9000-9002->9000-9002/tcp, 0.0.0.0:53->53/udp\nnone\t\n"
        #expect(
            LinuxNetwork.published(in: text) == [8080: "web", 9000: "ranges", 9001: "ranges", 9002: "ranges"])
        #expect(LinuxNetwork.published(in: "x\t:99999->1/tcp, 9-1->1/tcp, ->/tcp\n").isEmpty)
    }

    @Test("a listener is named with its pid, and its established connections are counted")
    func sockets() async throws {
        let network = LinuxHost().network
        let listener = try Listener()
        let holder = try network.listener(on: listener.port)
        #expect(holder?.pid == getpid())
        #expect(holder?.command?.isEmpty == false)
        #expect(try network.connections(to: listener.port) == 0)
        let client = try listener.connect()
        #expect(try network.connections(to: listener.port) == 1)
        close(client)
        let port = listener.port
        listener.close()
        #expect(try network.listener(on: port) == nil)
    }

    @Test("only connections from the address that is named, and held by who is named, are shut down")
    func shutDown() throws {
        let network = LinuxHost().network
        let listener = try Listener()
        let stream = try listener.connect(from: 0x7f00_0002)
        let request = try listener.connect()
        defer {
            close(stream)
            close(request)
            listener.close()
        }
        func ended(_ socket: Int32) -> Bool {
            var byte: UInt8 = 0
            return recv(socket, &byte, 1, Int32(MSG_DONTWAIT)) == 0
        }
        // Nobody, and somebody who does not hold it.
        #expect(
            try network.shutDown(connectionsTo: listener.port, from: "127.0.0.2", heldBy: [Int32.max, getppid()]) == 0)
        #expect(try network.connections(to: listener.port) == 2)
        #expect(try network.shutDown(connectionsTo: listener.port, from: "127.0.0.2", heldBy: [getpid()]) == 1)
        #expect(ended(stream) && !ended(request))
        #expect(try network.connections(to: listener.port) == 1)
        #expect(try network.shutDown(connectionsTo: listener.port, from: "127.0.0.2", heldBy: [getpid()]) == 0)
    }

    @Test("an exchange over TCP sends the request and reads to the end")
    func exchange() async throws {
        let listener = try Listener()
        let echo = listener.answerOnce(with: "pong")
        let answer = try await LinuxHost().network.exchange(
            address: "127.0.0.1", port: listener.port, request: Array("ping".utf8), limit: 100, timeout: .seconds(5))
        #expect(String(decoding: answer, as: UTF8.self) == "pong")
        #expect(await echo.first { _ in true } == "ping")
        let port = listener.port
        listener.close()
        await #expect(throws: HostError.self) {
            try await LinuxHost().network.exchange(
                address: "127.0.0.1", port: port, request: [1], limit: 100, timeout: .seconds(5))
        }
    }

    @Test("dpkg's own file says which packages are fully installed")
    func packages() throws {
        let scratch = try Scratch()
        let status = """
            Package: nginx
            Status: install ok installed
            Description: small, powerful
             Package: decoy
            Version: 1.22.1-9

            Package: half
            Status: install ok half-configured
            Version: 1

            Package: gone
            Status: deinstall ok config-files
            Version: 2

            Package: held
            Status: hold ok installed
            Version: 3:4
            """
        try LinuxFiles().replace(scratch("status"), with: Array(status.utf8), mode: [.ownerRead], owner: nil)
        let database = try DpkgStatus(scratch("status")).database()
        var half = PackageRecord(version: "1", state: .unfinished)
        half.condition = "half-configured"
        #expect(
            database.records == [
                "nginx": PackageRecord(version: "1.22.1-9"), "held": PackageRecord(version: "3:4", isHeld: true),
                "half": half,
                "gone": PackageRecord(version: "2", state: .absent),
            ])
        #expect(database.version(of: "held") == "3:4")
        #expect(database.unfinished == ["half"])
        #expect(try LinuxHost().packages.installed(["dpkg", "no-such-package"]).keys.sorted() == ["dpkg"])
    }

    @Test("what a killed dpkg noted and did not bring into its database counts, the latest note most")
    func packageNotes() throws {
        let scratch = try Scratch()
        let files = LinuxFiles()
        func write(_ name: String, _ text: String) throws {
            try files.replace(scratch(name), with: Array(text.utf8), mode: [.ownerRead], owner: nil)
        }
        try write("status", "Package: a\nStatus: install ok installed\nVersion: 1\n")
        try files.createDirectory(scratch("updates"), mode: [.ownerReadWriteExecute], owner: nil)
        let status = DpkgStatus(scratch("status"))
        #expect(try status.database().unfinished == [])
        try write("updates/tmp.i", "")
        #expect(try status.database().unfinished == [])
        try write("updates/0000", "Package: b\nStatus: install reinstreq half-installed\nVersion: 2\n")
        #expect(try status.database().unfinished == ["b"])
        #expect(try status.database().torn == ["b"])
        try write("updates/0001", "Package: b\nStatus: install ok installed\nVersion: 2\n")
        try write("updates/0002", "Package: a\nStatus: deinstall ok config-files\nVersion: 1\n")
        #expect(try status.database().version(of: "b") == "2")
        #expect(try status.database().torn == [])
        #expect(try status.database().version(of: "a") == nil)
        // apt does nothing while there are notes, whatever they say.
        #expect(try status.database().unfinished == ["its notes"])
    }

    @Test("accounts are found by name, and a name of nobody is no error")
    func accounts() throws {
        let accounts = LinuxHost().accounts
        #expect(try accounts.user(named: "root") == Account(name: "root", user: 0, group: 0))
        #expect(try accounts.user(named: "no-such-user") == nil)
        #expect(try accounts.group(named: "root") == 0)
        #expect(try accounts.group(named: "no-such-group") == nil)
        #expect(try accounts.current().user == geteuid())
    }

    @Test("os-release is read with its quoting")
    func osRelease() throws {
        let scratch = try Scratch()
        let text = "# comment\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"a \\\"b\\\" $\"\nNAME='single'\n\n"
        try LinuxFiles().replace(scratch("os"), with: Array(text.utf8), mode: [.ownerRead], owner: nil)
        let system = LinuxSystem(osReleases: [scratch("absent"), scratch("os")])
        #expect(
            try system.osRelease() == [
                "ID": "debian", "VERSION_ID": "12", "PRETTY_NAME": "a \"b\" $", "NAME": "single",
            ])
    }

    @Test("a machine without systemd says so, and asking it for units is an error with a sentence")
    func units() throws {
        let units = LinuxHost().units
        let isBooted = try LinuxFiles().status("/run/systemd/system")?.kind == .directory
        #expect(units.isRunning == isBooted)
        guard !isBooted else {
            #expect(try units.states(["no-such-unit.service"])["no-such-unit.service"]?.load == "not-found")
            return
        }
        #expect(throws: HostError.self) { try units.states(["nginx.service"]) }
    }
}

/// A listening socket on a free loopback port.
private final class Listener: @unchecked Sendable {
    private let descriptor: Int32
    let port: Int

    init() throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, size) == 0 && listen(descriptor, 8) == 0
                    && getsockname(descriptor, pointer, &size) == 0
            }
        }
        try #require(bound)
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func connect(from source: UInt32 = 0x7f00_0001) throws -> Int32 {
        let client = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var local = sockaddr_in()
        local.sin_family = sa_family_t(AF_INET)
        local.sin_addr.s_addr = source.bigEndian
        let bound = withUnsafePointer(to: &local) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(bound == 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = in_port_t(port).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(client, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(result == 0)
        return client
    }

    /// Answers on a thread of its own, since it blocks; what it was asked comes as the one element.
    func answerOnce(with text: String) -> AsyncStream<String> {
        let (asked, continuation) = AsyncStream<String>.makeStream()
        DispatchQueue.global().async { [descriptor] in
            let peer = accept(descriptor, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 100)
            let count = recv(peer, &buffer, buffer.count, 0)
            _ = Array(text.utf8).withUnsafeBytes { send(peer, $0.baseAddress, $0.count, 0) }
            Glibc.close(peer)
            continuation.yield(String(decoding: buffer[..<max(0, count)], as: UTF8.self))
            continuation.finish()
        }
        return asked
    }

    func close() { Glibc.close(descriptor) }
}
