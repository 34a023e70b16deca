import CoreTypes
import Glibc
import Testing

@Suite("Limits of a process")
struct ResourceLimitTests {
    @Test(
        "a limit is one value or two, in its own unit",
        arguments: [
            (ResourceLimit.Kind.nofile, "1024", 1024, 1024), (.nofile, "1024:4096", 1024, 4096),
            (.nofile, "1024:infinity", 1024, nil), (.core, "0", 0, 0), (.memlock, "64MiB", 64 << 20, 64 << 20),
            (.cpu, "10m", 600, 600), (.cpu, "1500ms", 2, 2), (.rttime, "5ms", 5000, 5000),
            (.stack, "infinity", nil, nil),
        ] as [(ResourceLimit.Kind, String, Int64?, Int64?)])
    func values(_ kind: ResourceLimit.Kind, _ text: String, _ soft: Int64?, _ hard: Int64?) throws {
        #expect(try ResourceLimit(kind, text) == ResourceLimit(kind, soft: soft, hard: hard))
    }

    @Test(
        "anything else is refused",
        arguments: [
            (ResourceLimit.Kind.nofile, ""), (.nofile, "-1"), (.nofile, "1:"), (.nofile, "5:4"),
            (.nofile, "infinity:4"),
            (.nofile, "1:2:3"), (.nofile, "64MiB"), (.memlock, "64"), (.cpu, "10"), (.nofile, "99999999999999999999"),
            (.rttime, "99999999999999999s"),
        ])
    func mistakes(_ kind: ResourceLimit.Kind, _ text: String) {
        #expect(throws: InvalidQuantity.self) { try ResourceLimit(kind, text) }
    }

    @Test("the numbers are the kernel's")
    func numbers() {
        #expect(ResourceLimit.Kind.nofile.number == Int(RLIMIT_NOFILE.rawValue))
        #expect(ResourceLimit.Kind.as.number == Int(RLIMIT_AS.rawValue))
        #expect(ResourceLimit.Kind.core.number == Int(RLIMIT_CORE.rawValue))
        #expect(ResourceLimit.Kind.rttime.number == 15)
        #expect(Capability.netBindService.number == 10)
        #expect(Capability.sysAdmin.number == 21)
        #expect(Capability.checkpointRestore.number == 40)
        #expect(Capability(number: 10) == .netBindService)
        #expect(Capability(number: 41) == nil)
    }
}
