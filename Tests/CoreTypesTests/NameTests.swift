import CoreTypes
import Testing

@Suite("Names")
struct NameTests {
    @Test("a process name is a letter and at most 30 letters, digits and dashes")
    func processNames() throws {
        #expect(try ProcessName("scan-engine2").description == "scan-engine2")
        for text in ["", "2api", "-api", "API", "a_b", "a/b", "a b", "é", String(repeating: "a", count: 32)] {
            #expect(throws: InvalidName.self, "\(text)") { try ProcessName(text) }
        }
    }

    @Test("an instance is a process, or a process in one of the two slots")
    func instances() throws {
        #expect(try InstanceName("api@blue") == InstanceName(ProcessName("api"), slot: .blue))
        #expect(try InstanceName("engine").slot == nil)
        #expect(try InstanceName("api@green").description == "api@green")
        for text in ["api@", "api@red", "@blue", "api@blue@green", "api@Blue"] {
            #expect(throws: InvalidName.self, "\(text)") { try InstanceName(text) }
        }
    }

    @Test("a release is named by 64 lower-case hexadecimal digits, and shown by twelve")
    func releases() throws {
        let digest = String(repeating: "0123456789abcdef", count: 4)
        #expect(try ReleaseID(digest).short == "0123456789ab")
        for text in ["", String(digest.dropLast()), digest.uppercased(), digest + "0", "../" + digest.dropFirst(3)] {
            #expect(throws: InvalidName.self, "\(text)") { try ReleaseID(text) }
        }
    }

    @Test("a secret is named like an environment variable")
    func secrets() throws {
        #expect(try SecretName("SECRET_KEY2").description == "SECRET_KEY2")
        for text in ["", "secret", "2KEY", "_KEY", "A-B", "A/B", String(repeating: "A", count: 65)] {
            #expect(throws: InvalidName.self, "\(text)") { try SecretName(text) }
        }
    }

    @Test("blue's other slot is green, and the other way round")
    func others() {
        #expect(Slot.blue.other == .green)
        #expect(Slot.green.other == .blue)
    }
}
