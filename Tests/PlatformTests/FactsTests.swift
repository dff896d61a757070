import Essentials
import Platform
import Testing

@Suite struct FactsTests {
    @Test func `the process knows itself`() {
        #expect(ProcessFacts.processID > 1)
        #expect(ProcessFacts.residentBytes > 1 << 20)
        let before = ProcessFacts.processorSeconds
        var random = SeededRandom.fromSystem()
        while ProcessFacts.processorSeconds.user == before.user { _ = random.next() }
        #expect(ProcessFacts.processorSeconds.user > before.user)
        let limit = ProcessFacts.raiseOpenFilesLimit(to: 1_024)
        #expect(limit >= 1_024)
        #expect(ProcessFacts.raiseOpenFilesLimit(to: 0) == limit)
    }

    @Test func `the machine knows itself`() {
        #expect(!HostFacts.hostName.isEmpty)
        #expect(HostFacts.kernel.hasPrefix("Linux "))
        #expect(HostFacts.processorCount > 0)
        #expect(HostFacts.memoryBytes > 1 << 26)
    }

    @Test func `addresses are read and written`() throws {
        #expect(SocketAddress("127.0.0.1:7379") == SocketAddress(host: "127.0.0.1", port: 7379))
        #expect(SocketAddress("[::1]:1")?.description == "[::1]:1")
        #expect(SocketAddress(":80") == SocketAddress(host: "", port: 80))
        for wrong in ["", "host", "::1:80", "host:", "host:65536", "host:x", "host:-1"] {
            #expect(SocketAddress(wrong) == nil, "\(wrong)")
        }
        for (host, isLoopback) in [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("localhost", true),
            ("0.0.0.0", false), ("::", false), ("10.0.0.1", false), ("example.org", false),
            ("", false),
        ] { #expect(SocketAddress(host: host, port: 1).isLoopback == isLoopback, "\(host)") }
    }
}
