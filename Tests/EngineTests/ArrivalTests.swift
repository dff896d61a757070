import Causality
import Essentials
import Objects
import Testing
import Wire

@testable import Engine

/// A chunk of hints that comes to a node whose background work has little to spend.
@Suite struct ArrivalTests {
    private static let count = 90

    private func chunk(id: UInt64) -> PeerMessage {
        let entries = (0..<Self.count).map { index in
            let dot = Dot(
                actor: Causality.Actor(node: NodeNumber(rawValue: 2), epochMs: 1), counter: 1)
            var object = Object()
            object.write(
                .assign(Array("v".utf8), deadline: .remove), dot: dot, stamp: .zero, nowMs: 0)
            let key = PeerKey(ObjectKey(Array("\(id):\(index)".utf8)))
            return HandoffEntry(key: key, record: object.encoded())
        }
        return .handoff(id: id, entries: entries)
    }

    /// Answers all reads that are asked for meanwhile.
    private func settle(_ replica: inout Replica) {
        while !replica.loads.isEmpty { replica.load() }
    }

    @Test func `a chunk is merged a little at a time, and answered when all of it is`() throws {
        var replica = try Replica()
        replica.receive(chunk(id: 7))
        settle(&replica)
        let first = replica.stored
        #expect((1..<Self.count / 2).contains(first))
        #expect(replica.plane.nextWakeNs < replica.nowNs + 20_000_000)
        replica.wait(ms: 10)
        settle(&replica)
        #expect((first + 1..<Self.count).contains(replica.stored))
        for _ in 0..<20 {
            replica.wait(ms: 10)
            settle(&replica)
        }
        #expect(replica.stored == Self.count)
        #expect(replica.plane.nextWakeNs == .max)
        let answer = PeerMessage.handedOver(
            id: 7, windowBytes: UInt64(HintDelivery.windowBytesMax), refused: [])
        #expect(replica.answers == [answer])
    }

    @Test func `chunks that wait are all merged`() throws {
        var replica = try Replica()
        let chunks = DataPlane.arrivalsFew + 6
        for id in 1...UInt64(chunks) { replica.receive(chunk(id: id)) }
        for _ in 0..<20 * chunks {
            settle(&replica)
            replica.wait(ms: 10)
        }
        #expect(replica.stored == chunks * Self.count)
        // As long as many wait, holders are to send little.
        let windows = replica.answers.map { answer in
            if case .handedOver(_, let windowBytes, _) = answer { Int(windowBytes) } else { 0 }
        }
        let (least, most) = (HintDelivery.windowBytesMin, HintDelivery.windowBytesMax)
        let isLeast = windows.map { $0 == least }
        #expect(isLeast == (1...chunks).map { $0 <= 6 })
        #expect(windows.allSatisfy { $0 == least || $0 == most })
    }
}
