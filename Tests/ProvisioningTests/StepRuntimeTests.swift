import CoreTypes
import Foundation
import Glibc
import Host
import HostLinux
import Provisioning
import SystemPackage
import Testing

/// Steps on this machine, below a folder of their own.
private final class Place {
    let layout: Layout
    let host = LinuxHost()

    init() throws {
        let root = FilePath("/tmp/bedplate-steps-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        layout = Layout(root: root)
        for folder in [layout.run, layout.runtimes.appending("scanners"), layout.state] {
            try host.files.createDirectory(folder, mode: [.ownerReadWriteExecute], owner: nil)
        }
    }

    deinit { try? LinuxFiles().removeTree(layout.root) }

    func engine() -> Engine { Engine(host: host, layout: layout) }

    @discardableResult
    func shell(_ script: String) async throws -> String {
        let result = try await host.processes.run(
            Command("/bin/sh", "-ec", script, "sh", layout.root.string), timeout: .seconds(120))
        guard result.status == .exited(0) else { throw Failed(said: result.lastLines(5)) }
        return result.output
    }

    struct Failed: Error { let said: String }

    func digest(_ path: FilePath) async throws -> String {
        String(try await shell("sha256sum \(path)").prefix(64))
    }
}

@Suite struct ScannerRuntimeTests {
    /// The steps of one scanner from a stand-in for its makers' server: a folder.
    private func steps(_ place: Place, _ source: FilePath, sha256: String, isPacked: Bool) -> [any Step] {
        let folder = place.layout.runtimes.appending("scanners")
        let program = folder.appending("sample")
        let archive = folder.appending("sample.fetched")
        return [
            ArchiveStep(
                "sample", address: "file:\(source)", sha256: sha256, path: archive,
                unlessUnpacked: ScannerStep.stamp(of: program), to: program),
            ScannerStep(
                "sample", version: "1.0", archive: archive, sha256: sha256, program: program, isPacked: isPacked),
        ]
    }

    @Test(
        "a scanner is fetched from a stand-in mirror, packed or not, and runs; the second time nothing is done",
        arguments: [true, false])
    func installed(isPacked: Bool) async throws {
        let place = try Place()
        let plain = place.layout.root.appending("sample")
        try await place.shell(
            "cd \"$1\"; printf '#!/bin/sh\\necho found nothing\\n' >sample; tar -czf sample-1.0.tar.gz sample")
        let source = isPacked ? place.layout.root.appending("sample-1.0.tar.gz") : plain
        let steps = steps(place, source, sha256: try await place.digest(source), isPacked: isPacked)
        let made = try await place.engine().run(steps)
        #expect(made.flatMap(\.changes).count == 2)
        let program = place.layout.runtimes.appending("scanners/sample")
        let said = try await place.host.processes.run(Command(program), timeout: .seconds(10))
        #expect(said.output == "found nothing\n")
        #expect(try place.host.files.list(program.removingLastComponent()) == [".sample.sha256", "sample"])
        #expect(try await place.engine().run(steps).isEmpty)
        try place.host.files.setMode(program, [.ownerReadWrite])
        #expect(try await place.engine().run(steps).flatMap(\.changes).map(\.subject) == ["mode"])
        try place.host.files.remove(program)
        #expect(try await place.engine().run(steps).flatMap(\.changes).count == 2)
    }

    @Test("a flipped byte in what is fetched is refused, and nothing of it is left")
    func flipped() async throws {
        let place = try Place()
        let source = place.layout.root.appending("sample")
        try await place.shell("printf '#!/bin/sh\\necho found nothing\\n' >\"$1/sample\"")
        let steps = steps(place, source, sha256: try await place.digest(source), isPacked: false)
        try await place.shell("printf '#!/bin/sh\\necho found nothinG\\n' >\"$1/sample\"")
        await #expect(throws: OperatorError.self) { try await place.engine().run(steps) }
        #expect(try place.host.files.list(place.layout.runtimes.appending("scanners")) == [])
    }

    @Test("Prowler's step makes a virtual environment of its own; a wheel of that name stands in for it")
    func prowler() async throws {
        let place = try Place()
        let script = """
            import sys, zipfile
            with zipfile.ZipFile(sys.argv[1] + '/prowler-5.46.0-py3-none-any.whl', 'w') as wheel:
                wheel.writestr('standin.py', 'def main(): print("a stand-in")')
                info = 'prowler-5.46.0.dist-info/'
                wheel.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: prowler\\nVersion: 5.46.0\\n')
                wheel.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
                wheel.writestr(info + 'entry_points.txt', '[console_scripts]\\nprowler = standin:main\\n')
                wheel.writestr(info + 'RECORD', '')
            """
        let wheel = place.layout.root.appending("prowler-5.46.0-py3-none-any.whl")
        let made = try await place.host.processes.run(
            Command("/usr/bin/python3", "-c", script, place.layout.root.string), timeout: .seconds(60))
        #expect(made.status == .exited(0), "\(made.lastLines(5))")
        let digest = try await place.digest(wheel)
        let environment = place.layout.runtimes.appending("venv-prowler")
        let step = ProwlerStep(
            version: "5.46.0", wheel: wheel, sha256: digest, python: "/usr/bin/python3", environment: environment,
            index: "file:///nowhere")
        #expect(try await place.engine().run([step]).flatMap(\.changes).count == 1)
        let said = try await place.host.processes.run(
            Command(environment.appending("bin/prowler")), timeout: .seconds(30))
        #expect(said.output == "a stand-in\n")
        #expect(try await place.engine().run([step]).isEmpty)
    }
}

@Suite struct CertificateRuntimeTests {
    @Test("OpenSSL finds our certificate right once it is made, and not for another name")
    func made() async throws {
        let place = try Place()
        let folder = place.layout.certificate.removingLastComponent()
        try place.host.files.createDirectory(folder, mode: [.ownerReadWriteExecute], owner: nil)
        let step = CertificateStep(domain: "scans.example.org", address: nil, layout: place.layout)
        #expect(try await place.engine().run([step]).count == 1)
        #expect(try place.host.files.status(place.layout.certificateKey)?.mode == [.ownerReadWrite])
        #expect(try place.host.files.list(folder) == ["certificate.pem", "key.pem"])
        #expect(try await place.engine().run([step]).isEmpty)
        let other = CertificateStep(domain: nil, address: "192.0.2.7", layout: place.layout)
        #expect(try await place.engine().run([other]).flatMap(\.changes).count == 1)
        #expect(try await place.engine().run([other]).isEmpty)
        let text = try await place.shell("openssl x509 -noout -ext subjectAltName -in \(place.layout.certificate)")
        #expect(text.contains("IP Address:192.0.2.7") && text.contains("DNS:localhost"))
        // A key of another certificate: as a run leaves it that is killed between the two.
        try await place.shell("openssl genpkey -algorithm ed25519 -out \(place.layout.certificateKey)")
        #expect(try await place.engine().run([other]).count == 1)
    }
}

@Suite struct KernelRuntimeTests {
    @Test("settings of this kernel are read, of choices the chosen one, and those that cannot be changed are known")
    func read() throws {
        let place = try Place()
        let kernel = LinuxKernel()
        #expect(try kernel.value(at: "/proc/sys/kernel/ostype") == "Linux")
        #expect(try kernel.value(at: "/proc/sys/kernel/no-such") == nil)
        #expect(!kernel.canChange("/proc/sys/kernel/no-such"))
        let file = place.layout.root.appending("choice")
        try place.host.files.replace(
            file, with: Array("always [madvise] never\n".utf8), mode: [.ownerReadWrite], owner: nil)
        #expect(try kernel.value(at: file) == "madvise")
        try kernel.change(file, to: "never")
        #expect(try kernel.value(at: file) == "never")
    }
}

@Suite struct PythonStandInSourcesRuntimeTests {
    @Test(
        "a Python is configured for its folder, made and installed there by its own sources; a stand-in's take no time")
    func built() async throws {
        let place = try Place()
        let archive = place.layout.runtimes.appending("python.tar.gz")
        let folder = place.layout.runtimes.appending("python")
        // What is installed is this machine's Python.
        let pack = """
            mkdir -p "$1/Python-3.12" && cd "$1/Python-3.12"
            printf '#!/bin/sh\\n[ "$2" = --with-ensurepip=install ] && echo "prefix = ${1#--prefix=}" >config.mk\\n' >configure
            chmod 755 configure
            printf 'include config.mk\\nall:\\n\\techo made >made\\n' >Makefile
            printf 'install:\\n\\ttest -s made\\n\\tmkdir -p $(prefix)/bin\\n\\tln -s /usr/bin/python3 $(prefix)/bin/python3\\n' >>Makefile
            tar -czf \(archive) -C .. Python-3.12
            """
        try await place.shell(pack)
        let digest = try await place.digest(archive)
        let environment = place.layout.runtimes.appending("venv")
        let step = PythonStep(.sources(archive, sha256: digest, folder: folder), environment: environment)
        let wanted = [
            "build \(archive) into \(folder), which takes some minutes",
            "make the virtual environment \(environment), with pip",
        ]
        func made() async throws -> [String] {
            try await place.engine().run([step]).flatMap(\.changes).map(\.sentence)
        }
        #expect(try await made() == wanted)
        #expect(try await place.shell("\(environment)/bin/python -m pip --version").hasPrefix("pip "))
        #expect(try place.host.files.list(place.layout.runtimes) == ["python", "scanners", "venv"])
        #expect(try await made().isEmpty)
        // One that was stopped before its end has no stamp.
        try place.host.files.remove(PythonStep.stamp(in: folder))
        try await place.shell(pack)
        #expect(try await made() == wanted)
    }
}

@Suite(
    .enabled(
        if: ProcessInfo.processInfo.environment["BEDPLATE_PYTHON_SOURCES"] != nil,
        "takes minutes; BEDPLATE_PYTHON_SOURCES names an archive of CPython's sources"))
struct PythonSourcesRuntimeTests {
    @Test("CPython is built from its sources, and makes a virtual environment with pip")
    func built() async throws {
        let place = try Place()
        let named = FilePath(try #require(ProcessInfo.processInfo.environment["BEDPLATE_PYTHON_SOURCES"]))
        let archive = place.layout.runtimes.appending("python.tar")
        try place.host.files.copy(named, to: archive, mode: [.ownerReadWrite])
        let environment = place.layout.runtimes.appending("venv")
        let step = PythonStep(
            .sources(
                archive, sha256: try await place.digest(archive), folder: place.layout.runtimes.appending("python")),
            environment: environment)
        #expect(try await place.engine().run([step]).flatMap(\.changes).count == 2)
        let said = try await place.host.processes.run(
            Command(
                environment.appending("bin/python"), "-c", "import ssl, sqlite3, zlib, lzma, bz2, ctypes; print(1)"),
            timeout: .seconds(30))
        #expect(said.output == "1\n", "\(said.lastLines(5))")
        #expect(try await place.engine().run([step]).isEmpty)
    }
}
