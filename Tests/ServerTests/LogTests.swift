import Essentials
import Synchronization
import Testing

@testable import Server

/// Keeps lines in memory; time and fullness are the test's.
final class MemorySink: LogSink {
    private struct State {
        var lines: [String] = []
        var wallMs: UInt64 = 0
        var monotonicMs: UInt64 = 0
        var isFull = false
    }

    private let state = Mutex(State())

    var lines: [String] { state.withLock { $0.lines } }
    func advance(ms: UInt64) { state.withLock { $0.monotonicMs += ms } }
    func setFull(_ isFull: Bool) { state.withLock { $0.isFull = isFull } }

    func write(_ line: [UInt8]) -> Bool {
        state.withLock { state in
            guard !state.isFull else { return false }
            state.lines.append(String(decoding: line, as: UTF8.self))
            return true
        }
    }

    func now() -> (wallMs: UInt64, monotonicMs: UInt64) {
        state.withLock { ($0.wallMs, $0.monotonicMs) }
    }
}

@Suite struct LogTests {
    private let sink = MemorySink()

    @Test func `a line has time, level, message, context and fields`() {
        let log = Log(sink: sink).with(["part": "peers"])
        log.info("peer connected", ["peer": "127.0.0.1:7380", "epoch": 3, "new": true])
        #expect(
            sink.lines == [
                "time=1970-01-01T00:00:00.000Z level=info message=\"peer connected\" part=peers "
                    + "peer=127.0.0.1:7380 epoch=3 new=true\n"
            ])
    }

    @Test func `a level that is off costs no evaluation`() {
        let log = Log(level: .warn, sink: sink)
        func message() -> String {
            Issue.record("evaluated")
            return ""
        }
        log.debug(message())
        log.info(message(), ["x": .text(message())])
        #expect(sink.lines.isEmpty)
        log.error("bad")
        #expect(sink.lines.count == 1)
        #expect(!log.isEnabled(.info) && log.isEnabled(.warn))
    }

    @Test func `level and format follow the configuration`() throws {
        let log = Log(sink: sink)
        let store = ConfigurationStore(Configuration())
        store.onChange(log.configure)
        try store.set([(name: "log-level", value: "debug"), (name: "log-format", value: "json")])
        log.debug("step", ["n": 1.5])
        let json = try JSON(parsing: sink.lines[0])
        #expect(json["level"] == "debug")
        #expect(json["n"] == 1.5)
    }

    @Test func `repeated messages are held back and counted`() {
        let log = Log(sink: sink)
        for _ in 0..<100 { log.warn("again") }
        log.warn("other")
        #expect(sink.lines.count == LogThrottle.burstMax + 1)
        sink.advance(ms: LogThrottle.windowMs)
        log.info("later")
        #expect(sink.lines.count == LogThrottle.burstMax + 3)
        let summary = sink.lines[LogThrottle.burstMax + 1]
        #expect(summary.contains("repeated=again count=80"))
        #expect(summary.contains("level=warn"))
    }

    @Test func `what a slow reader missed is counted`() {
        let log = Log(sink: sink)
        sink.setFull(true)
        log.info("a")
        log.info("b")
        #expect(log.droppedCount == 2)
        sink.setFull(false)
        log.info("c")
        log.info("d")
        #expect(sink.lines.count == 2)
        #expect(sink.lines[0].contains("lost_lines=2"))
        #expect(!sink.lines[1].contains("lost_lines"))
    }

    @Test func `secrets are not logged`() {
        let log = Log(sink: sink)
        log.info("configured", ["password": .describing(Secret("hunter2"))])
        #expect(sink.lines[0].contains("password=(set)"))
    }

    @Test func `many threads write whole lines`() async {
        let log = Log(level: .debug, sink: sink)
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<8 {
                group.addTask {
                    for index in 0..<200 {
                        log.debug("step", ["worker": .integer(worker), "index": .integer(index)])
                    }
                }
            }
        }
        #expect(sink.lines.count == 1600)
    }
}

@Suite struct LogLineTests {
    private func line(
        _ format: LogFormat, _ message: String, _ fields: [(name: String, value: LogValue)] = []
    ) -> String {
        let bytes = LogLine.format(
            format, timeMs: 0, level: .info, message: message, fields: fields)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_772_323_199_001, "2026-02-28T23:59:59.001Z"),
        (1_798_761_600_000, "2027-01-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
    ])
    func `times are ISO 8601 in UTC`(ms: UInt64, expected: String) {
        #expect(LogLine.timestamp(ms: ms) == expected)
    }

    @Test func `nothing logged can look like another field or line`() {
        let text = line(.logfmt, "x", [("key", "a b\" level=error\nfake=\u{1b}[31m\u{85}")])
        #expect(text.split(separator: "\n").count == 1)
        #expect(text.hasSuffix(#"key="a b\" level=error\nfake=\u001b[31m"# + "\u{85}\"\n"))
        #expect(line(.logfmt, "x", [("key", "")]).hasSuffix("key=\"\"\n"))
        #expect(line(.logfmt, "x", [("key", "a=b")]).hasSuffix("key=\"a=b\"\n"))
    }

    @Test func `a JSON line is JSON`() throws {
        let text = line(.json, "a \"b\"\n", [("n", 1), ("f", 1.5), ("t", "é\u{0}"), ("b", false)])
        let json = try JSON(parsing: text)
        #expect(json["message"] == "a \"b\"\n")
        #expect(json["t"] == "é\u{0}")
        #expect(json["b"] == false)
    }

    @Test(arguments: LogFormat.allCases) func `a line fits a pipe`(format: LogFormat) throws {
        let long = LogValue.text(String(repeating: "é\n", count: 10_000))
        let text = line(
            format, String(repeating: "m", count: 9000), (0..<20).map { ("f\($0)", long) })
        #expect(text.utf8.count <= LogLine.bytesMax)
        #expect(text.hasSuffix(format == .json ? "\"truncated\":true}\n" : "truncated=true\n"))
        if format == .json { _ = try JSON(parsing: text) }
    }

    @Test func `foreign bytes are shown as ASCII`() {
        #expect(LogValue.bytes([0x61, 0, 0x5C, 0xFF]) == #"a\x00\x5c\xff"#)
        #expect(LogValue.bytes([0x61, 0x62, 0x63], countMax: 2) == "ab… (3 bytes)")
    }
}
