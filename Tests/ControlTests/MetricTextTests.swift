import Control
import Testing

@Suite("OpenMetrics text")
struct MetricTextTests {
    private func text(_ families: MetricFamily...) -> String {
        var text = MetricText()
        for family in families { text.add(family) }
        return String(decoding: text.finished(), as: UTF8.self)
    }

    @Test("a family has type, unit and help, then its samples, and the text ends with EOF")
    func form() {
        let family = MetricFamily(
            "bedplate_x_seconds", .counter, unit: "seconds", help: "What it is.",
            samples: [
                .init(["slot": "blue", "instance": "api@blue"], 1.5, suffix: "_total"), .init([:], 3, suffix: "_total"),
            ])
        #expect(
            text(family) == """
                # TYPE bedplate_x_seconds counter
                # UNIT bedplate_x_seconds seconds
                # HELP bedplate_x_seconds What it is.
                bedplate_x_seconds_total{instance="api@blue",slot="blue"} 1.5
                bedplate_x_seconds_total 3
                # EOF

                """)
    }

    @Test("quotation marks, backslashes and newlines in labels and help cannot break out of them")
    func escaping() {
        let family = MetricFamily("x", .gauge, help: "a \"b\"\nc\\", samples: [.init(["l": "\"}\n\\ 1 # EOF"], 0)])
        #expect(
            text(family) == """
                # TYPE x gauge
                # HELP x a \\"b\\"\\nc\\\\
                x{l="\\"}\\n\\\\ 1 # EOF"} 0
                # EOF

                """)
    }

    @Test("numbers are whole where they can be, and what is none has its word")
    func numbers() {
        let values = [0, 4_194_304, 0.25, 1e-7, .infinity, -.infinity, .nan]
        let family = MetricFamily("x", .gauge, help: "", samples: values.map { .init([:], $0) })
        let lines = text(family).split(separator: "\n").filter { $0.hasPrefix("x ") }
        #expect(lines == ["x 0", "x 4194304", "x 0.25", "x 1e-07", "x +Inf", "x -Inf", "x NaN"])
    }

    @Test("a family comes in parts that together are the family")
    func parts() {
        let family = MetricFamily("x", .gauge, help: "", samples: (0..<25).map { .init([:], Double($0)) })
        let parts = family.parts(of: 10)
        #expect(parts.map(\.samples.count) == [10, 10, 5])
        #expect(parts.flatMap(\.samples) == family.samples)
        #expect(family.parts(of: 25) == [family])
    }

    @Test("only loopback addresses are accepted for metrics")
    func loopback() {
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            #expect(MetricsEndpoint(address: address, port: 1).isLoopback)
        }
        for address in ["0.0.0.0", "::", "10.0.0.1", "localhost", "127.0.0.1.example", "::ffff:127.0.0.1", ""] {
            #expect(!MetricsEndpoint(address: address, port: 1).isLoopback)
        }
        var stack = Stack(profile: "p", directories: .init(state: "/s", logs: "/l", run: "/r"), instances: [])
        #expect(stack.problems == [])
        stack.metrics = MetricsEndpoint(address: "0.0.0.0", port: 0)
        #expect(stack.problems.count == 2)
    }

    @Test("a stack of an earlier release, without metrics, is understood")
    func earlier() throws {
        let text = #"{"format":1,"profile":"p","directories":{"state":"/s","logs":"/l","run":"/r"},"instances":[]}"#
        #expect(try JSON(parsing: Array(text.utf8)).decode(Stack.self).metrics == nil)
    }
}
