import CoreTypes
import Host
import HostFixtures
import Provisioning
import SystemPackage
import Testing

@Suite struct OpenPGPKeyTests {
    @Test("fingerprint and expiry are what gpg says, for each kind of key")
    func asGPG() {
        #expect(
            OpenPGPKey.all(in: Array(SampleKeys.lasting.utf8))?.map { "\($0.fingerprint) \($0.expires ?? 0)" }
                == ["\(SampleKeys.lastingFingerprint) 0"])
        #expect(
            OpenPGPKey.all(in: Array(SampleKeys.expired.utf8))?.map { "\($0.fingerprint) \($0.expires ?? 0)" }
                == ["\(SampleKeys.expiredFingerprint) 1748822400"])
        #expect(
            OpenPGPKey.all(in: Array(SampleKeys.rsa.utf8))?.map { "\($0.fingerprint) \($0.expires ?? 0)" }
                == ["\(SampleKeys.rsaFingerprint) 1811808000"])
    }

    @Test("a file that is cut short anywhere is no key, or still the same one")
    func cutShort() {
        let whole = Array(SampleKeys.rsa.utf8)
        for length in stride(from: 0, to: whole.count, by: 7) {
            let keys = OpenPGPKey.all(in: Array(whole.prefix(length)))
            #expect(keys == nil || keys?.map(\.fingerprint) == [SampleKeys.rsaFingerprint])
        }
        #expect(OpenPGPKey.all(in: Array("<html>404</html>".utf8)) == nil)
    }

    @Test("a key is taken only if it is the pinned one and has not expired")
    func pinned() async throws {
        func taken(_ key: String, pinned fingerprint: String) async throws -> String? {
            let host = FakeHost()
            host.disk.plantDirectory("/etc/apt/keyrings")
            host.machine.setDownload("https://keys", Array(key.utf8))
            let step = KeyStep(
                "sample", address: "https://keys", fingerprint: fingerprint, path: "/etc/apt/keyrings/sample.gpg")
            do { _ = try await Engine(host: host, layout: Layout()).run([step]) } catch let error as OperatorError {
                #expect(host.disk.text("/etc/apt/keyrings/sample.gpg") == nil)
                return error.because
            }
            return nil
        }
        #expect(try await taken(SampleKeys.lasting, pinned: SampleKeys.lastingFingerprint) == nil)
        #expect(
            try await taken(SampleKeys.expired, pinned: SampleKeys.expiredFingerprint)
                == "the key at https://keys has expired")
        #expect(
            try await taken(SampleKeys.rsa, pinned: SampleKeys.lastingFingerprint)?.contains(SampleKeys.rsaFingerprint)
                == true)
        #expect(
            try await taken(SampleKeys.lasting + "\n" + SampleKeys.rsa, pinned: SampleKeys.lastingFingerprint) == nil)
        #expect(try await taken("<html>", pinned: SampleKeys.lastingFingerprint)?.contains("is no OpenPGP key") == true)
    }
}
