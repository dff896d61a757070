import Testing
import Wire

@testable import Engine

@Suite struct DelayGateTests {
    private static let ms: UInt64 = 1_000_000
    private static let targetNs = 100 * ms

    /// A loop that takes `passMs` for each pass, one after the other.
    private struct Loop {
        var gate = DelayGate()
        var nowNs: UInt64 = 1_000_000_000

        mutating func pass(ms: UInt64) -> Bool {
            nowNs += ms * DelayGateTests.ms
            gate.note(waitNs: ms * DelayGateTests.ms, targetNs: targetNs, nowNs: nowNs)
            return gate.isRefusing
        }
    }

    @Test func `a short burst of long waits refuses nobody`() {
        var loop = Loop()
        for _ in 0..<10 {
            #expect(loop.pass(ms: 900) == false)
            #expect(loop.pass(ms: 99) == false)
        }
    }

    @Test func `when even the shortest wait is too long for a second, work is refused`() {
        var loop = Loop()
        let passes = (0..<6).map { _ in loop.pass(ms: 200) }
        #expect(passes == [false, false, false, false, true, true])
    }

    @Test func `one short wait ends it, and soon after one long wait begins it again`() {
        var loop = Loop()
        for _ in 0..<6 { _ = loop.pass(ms: 200) }
        #expect(loop.pass(ms: 10) == false)
        #expect(loop.pass(ms: 200) == true)
        #expect(loop.pass(ms: 10) == false)
        for _ in 0..<101 { #expect(loop.pass(ms: 10) == false) }
        #expect(loop.pass(ms: 200) == false)
    }

    @Test func `without a target nothing is refused`() {
        var gate = DelayGate()
        for second in 1..<100 as Range<UInt64> {
            gate.note(waitNs: .max, targetNs: 0, nowNs: second * 1_000_000_000)
            #expect(!gate.isRefusing)
        }
    }

    /// A shard that gets twice of what it can do, by clients that do not wait for answers.
    @Test func `at twice the load waits stay near the target, and most work is done`() {
        var loop = Loop()
        // What it costs, in µs, to serve and to refuse a request; one arrives every 5 µs.
        let (serveUs, refuseUs) = (10, 1)
        var (waiting, served, refused) = (0, 0, 0)
        var worstMs: UInt64 = 0
        var spentMs: UInt64 = 0
        while spentMs < 60_000 {
            let isRefusing = loop.gate.isRefusing
            let passUs = max(10_000, waiting * (isRefusing ? refuseUs : serveUs))
            if isRefusing { refused += waiting } else { served += waiting }
            waiting = passUs / 5
            let passMs = UInt64(passUs / 1000)
            _ = loop.pass(ms: passMs)
            spentMs += passMs
            if spentMs > 5000 { worstMs = max(worstMs, passMs) }
        }
        #expect(worstMs < 400)
        // It could serve 100 a ms.
        #expect(served > 60_000 * 60)
        #expect(refused > 0)
    }
}

@Suite struct AdmissionTests {
    private let loopBehind = Reply.error("OVERLOADED this shard is too far behind to begin more")
    private let diskBehind = Reply.error("OVERLOADED the disk is too far behind to read more")
    private let check = PeerMessage.check(
        id: 5, key: PeerKey(ObjectKey(Array("k".utf8))), fingerprint: 1)

    @Test func `a shard that is behind refuses clients and goes on with its peers`() throws {
        var replica = try Replica()
        replica.setWaitMax(ms: 100)
        for _ in 0..<6 { replica.pass(ms: 200) }
        replica.request("k", timeoutMs: 1000)
        #expect(replica.replies == [loopBehind])
        replica.receive(check)
        replica.load()
        #expect(replica.answers == [.differs(id: 5, record: [])])
        #expect(replica.plane.counters.delayRefusals == 1)
        #expect(replica.plane.counters.overloads == 1)

        replica.pass(ms: 10)
        replica.request("k", timeoutMs: 1000)
        #expect(replica.replies == [loopBehind, .null])
    }

    @Test func `a command that a peer hands over may go to another replica`() throws {
        var replica = try Replica()
        replica.setWaitMax(ms: 100)
        for _ in 0..<6 { replica.pass(ms: 200) }
        let consistency = PeerConsistency(r: 1, w: 1, pr: 0, pw: 0, dw: 0, timeoutMs: 50)
        let words = ["SET", "k", "v"].map { Array($0.utf8) }
        replica.receive(.forward(id: 9, consistency: consistency, arguments: words))
        #expect(replica.answers == [.refused(id: 9, .overloaded)])
    }

    @Test func `behind a disk that is behind, only what has to read it is refused`() throws {
        var replica = try Replica()
        replica.setWaitMax(ms: 100)
        replica.receive(check)
        replica.load()
        for index in 0..<15 { replica.request("slow\(index)", timeoutMs: 10_000) }
        for _ in 0..<13 {
            replica.wait(ms: 100)
            replica.load()
        }
        #expect(replica.replies.count == 13)
        replica.request("other", timeoutMs: 1000)
        #expect(replica.replies.last == diskBehind)
        replica.request("k", timeoutMs: 1000)
        #expect(replica.replies.last == .null)
        #expect(replica.plane.counters.diskRefusals == 1)
        // A peer's check may read it, and what waits is served.
        replica.receive(
            .check(id: 6, key: PeerKey(ObjectKey(Array("peer".utf8))), fingerprint: 1))
        for _ in 0..<3 { replica.load() }
        #expect(replica.plane.parkedCount == 0)
        // With nothing left to wait for, the disk gets its chance.
        replica.request("other", timeoutMs: 1000)
        replica.load()
        #expect(replica.replies.last == .null)
    }
}
