import Host
import HostLinux
import Testing

@Suite struct ComplaintTests {
    private func complaint(output: String = "", errors: String) -> String {
        CommandResult(status: .exited(100), output: output, errors: errors).complaint
    }

    @Test("a digest that does not match is said, however many details follow")
    func mismatch() {
        // apt-helper 2.6.1, with a digest that is another one.
        let said = complaint(
            output: "Get:1 file:/a [6 B]\nErr:1 file:/a\n  Hash Sum mismatch\n",
            errors: """
                E: Failed to fetch file:/a  Hash Sum mismatch
                   Hashes of expected file:
                    - SHA256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be04
                   Hashes of received file:
                    - SHA256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03
                    - Filesize:6 [weak]
                   Last modification reported: Sat, 28 Nov 2026 14:46:47 +0000
                E: Download Failed
                """)
        #expect(said.hasPrefix("E: Failed to fetch file:/a  Hash Sum mismatch\n   Hashes of expected file:"))
        #expect(said.hasSuffix("\nE: Download Failed"))
        #expect(!said.contains("Last modification"))
    }

    @Test("what dpkg could not do is said, and not only that it failed")
    func dpkg() {
        let said = complaint(
            errors: """
                dpkg: error processing archive /var/cache/apt/archives/nginx_1_amd64.deb (--unpack):
                 cannot copy extracted data for './usr/sbin/nginx': failed to write (No space left on device)
                Errors were encountered while processing:
                 /var/cache/apt/archives/nginx_1_amd64.deb
                E: Sub-process /usr/bin/dpkg returned an error code (1)
                """)
        #expect(
            said == """
                dpkg: error processing archive /var/cache/apt/archives/nginx_1_amd64.deb (--unpack):
                 cannot copy extracted data for './usr/sbin/nginx': failed to write (No space left on device)
                E: Sub-process /usr/bin/dpkg returned an error code (1)
                """)
    }

    @Test("what dpkg could not write of its own is said too")
    func dpkgItself() {
        // dpkg 1.21.22, where /var/lib/dpkg has no room for the list of what it does.
        let said = """
            dpkg: unrecoverable fatal error, aborting:
             unable to fill /var/lib/dpkg/updates/tmp.i with padding: No space left on device
            E: Sub-process /usr/bin/dpkg returned an error code (2)
            """
        #expect(complaint(errors: said) == said)
        #expect(HostError.ended(command: "apt-get", how: "ended with 100", said: complaint(errors: said)).saysFull)
    }

    @Test("warnings are said where the error only says that there was one, and only there")
    func warnings() {
        let summary = "E: Some index files failed to download. They have been ignored, or old ones used instead."
        let warning = "W: GPG error: http://a stable InRelease: The following signatures were invalid: EXPKEYSIG 36A1"
        #expect(complaint(errors: "\(warning)\n\(summary)") == "\(summary)\n\(warning)")
        let sandbox = "W: Download is performed unsandboxed as root"
        #expect(complaint(errors: "\(sandbox)\nE: Unable to locate package x") == "E: Unable to locate package x")
    }

    @Test("an Err: among what apt does is said where its errors are silent")
    func errors() {
        let output = "Get:1 http://a\nErr:2 http://b\n  Could not connect to b:80\nFetched 1 kB in 0s\n"
        #expect(complaint(output: output, errors: "") == "Err:2 http://b\n  Could not connect to b:80")
    }

    @Test("of a command that marks nothing, the last words are kept")
    func lastWords() {
        #expect(complaint(errors: (1...9).map { "line \($0)" }.joined(separator: "\n")).hasPrefix("line 4\n"))
    }
}
