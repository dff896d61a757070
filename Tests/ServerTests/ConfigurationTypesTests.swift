import Platform
import Testing

@testable import Server

@Suite struct ConfigurationTypesTests {
    @Test(arguments: [
        ("1", 1), ("1k", 1000), ("1kb", 1024), ("1KB", 1024), ("2m", 2_000_000), ("2Mb", 2 << 20),
        ("3g", 3_000_000_000), ("3gb", 3 << 30), ("1tb", 1 << 40), ("7b", 7),
    ])
    func `bytes take Redis' units`(text: String, bytes: Int) {
        #expect(ByteSize(0...Int.max).parse(text) == bytes)
    }

    @Test(arguments: ["", "b", "kb", "1.5mb", "1 mb", "1xb", "-1", "9999999999gb", "0x10", "1kbb"])
    func `bytes take nothing else`(text: String) {
        #expect(ByteSize(0...Int.max).parse(text) == nil)
    }

    @Test(arguments: [0, 1, 1023, 1024, 1000, 1 << 20, 3 << 30, 5 << 40, (1 << 20) + 1])
    func `bytes are written so that they read back`(bytes: Int) {
        let type = ByteSize(0...Int.max)
        #expect(type.parse(type.format(bytes)) == bytes)
    }

    @Test func `time spans take units down to their own`() {
        let milliseconds = TimeSpan(.milliseconds, 1...600_000)
        #expect(milliseconds.parse("250") == 250)
        #expect(milliseconds.parse("250ms") == 250)
        #expect(milliseconds.parse("2s") == 2000)
        #expect(milliseconds.parse("10m") == 600_000)
        #expect(milliseconds.parse("11m") == nil)
        #expect(milliseconds.parse("-1") == nil)
        #expect(milliseconds.parse("9223372036854775807h") == nil)
        let seconds = TimeSpan(.seconds, 0...86_400)
        #expect(seconds.parse("5m") == 300)
        #expect(seconds.parse("1500ms") == nil)
        #expect(seconds.parse("2000ms") == 2)
    }

    @Test func `a power of two within bounds`() {
        let type = PowerOfTwo(range: 64...16384)
        #expect(type.parse("64") == 64)
        #expect(type.parse("16384") == 16384)
        #expect(type.parse("65") == nil)
        #expect(type.parse("32") == nil)
        #expect(type.parse("32768") == nil)
    }

    @Test(arguments: [
        ("127.0.0.1:7379", "127.0.0.1", 7379), ("[::1]:1", "::1", 1),
        ("db-1.x:65535", "db-1.x", 65535),
    ])
    func `addresses are a host and a port`(text: String, host: String, port: UInt16) {
        let address = Address().parse(text)
        #expect(address == SocketAddress(host: host, port: port))
        #expect(address?.description == text)
    }

    @Test(arguments: [
        "", "7379", ":7379", "host", "host:", "host:x", "host:65536", "host:-1", "a b:1", "::1:1",
        "host:0", "[]:1", "ho\u{1}st:1", "h/x:1",
    ])
    func `addresses are nothing else`(text: String) {
        #expect(Address().parse(text) == nil)
    }

    @Test func `only to listen on may the port be 0`() {
        #expect(Address(allowsPortZero: true).parse("localhost:0")?.port == 0)
    }

    @Test func `a secret shows itself to nobody`() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "(set)")
        #expect(String(reflecting: secret) == "(set)")
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("hunter2"))
        var all = ""
        var configuration = Configuration()
        configuration.password = secret
        dump(configuration, to: &all)
        #expect(!all.contains("hunter2"))
        #expect("\(Secret(""))" == "")
    }

    @Test func `a secret matches itself only`() {
        let secret = Secret("hunter2")
        #expect(secret.matches(Array("hunter2".utf8)))
        for wrong in ["", "hunter", "hunter22", "Hunter2", "hunter2hunter2"] {
            #expect(!secret.matches(Array(wrong.utf8)))
        }
        #expect(!Secret("").matches([]))
    }
}
