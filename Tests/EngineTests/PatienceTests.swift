import Causality
import Essentials
import Objects
import Testing
import Wire

@testable import Engine

@Suite struct PatienceTests {
    private let key = PeerKey(ObjectKey(Array("k".utf8)))

    private func record() -> [UInt8] {
        var object = Object()
        object.write(
            .assign(Array("v".utf8), deadline: .remove),
            dot: Dot(actor: Causality.Actor(node: NodeNumber(rawValue: 2), epochMs: 1), counter: 1),
            stamp: .zero, nowMs: 0)
        return object.encoded()
    }

    @Test func `a check that waits for the disk is given up with its sender`() throws {
        var replica = try Replica()
        replica.receive(.check(id: 5, key: key, fingerprint: 1, patienceMs: 100))
        replica.wait(ms: 90)
        #expect(replica.answers.isEmpty)
        replica.wait(ms: 30)
        #expect(replica.answers == [.refused(id: 5, .late)])
        #expect(replica.plane.parkedCount == 0)
        #expect(replica.plane.counters.lateDrops == 1)
        replica.load()
        #expect(replica.answers.count == 1)
    }

    @Test func `a write that waits for the disk is given up as a whole`() throws {
        var replica = try Replica()
        let write = PeerMessage.write(
            id: 5, key: key, wantsDurability: false, record: record(), patienceMs: 100)
        replica.receive(write)
        replica.wait(ms: 120)
        #expect(replica.answers == [.refused(id: 5, .late)])
        replica.load()
        #expect(replica.stored == 0)
        #expect(replica.answers.count == 1)
    }

    @Test func `repairs wait for the disk as long as it takes`() throws {
        var replica = try Replica()
        replica.receive(.write(id: 0, key: key, wantsDurability: false, record: record()))
        replica.wait(ms: 20_000)
        #expect(replica.plane.parkedCount == 1)
        replica.load()
        #expect(replica.stored == 1)
    }

    @Test func `each waits as long as its own sender`() throws {
        var replica = try Replica()
        for (id, patienceMs) in [(1, 300), (2, 100), (3, 7000), (4, 200)] as [(UInt64, UInt32)] {
            replica.receive(
                .check(id: id, key: key, fingerprint: 1, patienceMs: patienceMs))
        }
        #expect(replica.loads.count == 1)
        replica.wait(ms: 120)
        #expect(replica.answers == [.refused(id: 2, .late)])
        replica.wait(ms: 6500)
        #expect(replica.answers.map(\.answeredID) == [2, 4, 1])
        replica.wait(ms: 500)
        #expect(replica.answers.map(\.answeredID) == [2, 4, 1, 3])
        #expect(replica.plane.parkedCount == 0)
    }

    @Test func `what came too late is dropped, but a write to an object in memory is not`() throws {
        var replica = try Replica()
        let check = PeerMessage.check(id: 5, key: key, fingerprint: 1, patienceMs: 100)
        let write = PeerMessage.write(
            id: 6, key: key, wantsDurability: false, record: record(), patienceMs: 100)
        replica.receive(check.waited(ms: 100))
        replica.receive(write.waited(ms: 200))
        #expect(replica.answers == [.refused(id: 5, .late), .refused(id: 6, .late)])
        #expect(replica.loads.isEmpty)

        replica.receive(.check(id: 7, key: key, fingerprint: 1))
        replica.load()
        replica.receive(write.waited(ms: 200))
        #expect(replica.stored == 1)
        #expect(replica.answers.last == .wrote(id: 6, isDurable: false))
        replica.receive(check.waited(ms: 100))
        #expect(replica.answers.last == .refused(id: 5, .late))
    }

    @Test func `a forwarded command that came too late is not begun`() throws {
        var replica = try Replica()
        let consistency = PeerConsistency(r: 1, w: 1, pr: 0, pw: 0, dw: 0, timeoutMs: 50)
        let words = ["SET", "k", "v"].map { Array($0.utf8) }
        let forward = PeerMessage.forward(id: 9, consistency: consistency, arguments: words)
        replica.receive(forward.waited(ms: 60))
        #expect(replica.answers == [.refused(id: 9, .late)])
        #expect(replica.plane.counters.writes == 0)
    }

    @Test func `a client hears of a disk that hangs within its patience`() throws {
        var replica = try Replica()
        replica.request("k", timeoutMs: 100)
        replica.wait(ms: 120)
        #expect(replica.replies == [.error("OVERLOADED the disk has not answered in 110 ms")])
        replica.load()
        #expect(replica.replies.count == 1)
    }

    @Test func `waiting takes from the patience, and unlimited patience has no end`() {
        let check = PeerMessage.check(id: 1, key: key, fingerprint: 1, patienceMs: 100)
        #expect(check.waited(ms: 30).patienceMs == 70)
        #expect(check.waited(ms: 130).patienceMs == 0)
        let repair = PeerMessage.write(id: 0, key: key, wantsDurability: false, record: [])
        #expect(repair.waited(ms: .max) == repair)
        #expect(PeerMessage.same(id: 1).waited(ms: 5) == .same(id: 1))
    }

    @Test func `values that wait for the disk are bounded in bytes`() throws {
        var replica = try Replica()
        let record = [UInt8](repeating: 0, count: 16 << 20)
        for index in 0..<5 {
            let key = PeerKey(ObjectKey(Array("k\(index)".utf8)))
            replica.receive(
                .write(id: UInt64(index + 1), key: key, wantsDurability: false, record: record))
        }
        #expect(replica.loads.count == 4)
        #expect(replica.answers == [.refused(id: 5, .overloaded)])
    }
}

extension PeerMessage {
    fileprivate var answeredID: UInt64? {
        if case .refused(let id, _) = self { id } else { nil }
    }
}
