import Causality
import Essentials
import Membership
import Objects
import Testing
import Wire

@testable import Engine
@testable import Simulator

/// What the bound drops in the batch that stores it counts for nobody.
@Suite struct HintDropTests {
    private static let target = NodeNumber(rawValue: 3)

    private func receive(_ id: UInt64, _ key: String, size: Int, _ replica: inout Replica) {
        var object = Object()
        object.write(
            .assign([UInt8](repeating: 7, count: size), deadline: .remove),
            dot: Dot(actor: Actor(node: NodeNumber(rawValue: 2), epochMs: 1), counter: 1),
            stamp: .zero, nowMs: 0)
        replica.receive(
            .hint(
                id: id, target: Self.target, key: PeerKey(ObjectKey(Array(key.utf8))),
                wantsDurability: false, record: object.encoded()))
        replica.loadHints()
    }

    @Test func `a hint that does not fit is refused`() throws {
        var replica = try Replica(hintBytesMax: 500)
        receive(1, "{k}large", size: 1000, &replica)
        replica.commit()
        #expect(replica.answers == [.refused(id: 1, .overloaded)])
    }

    @Test func `one that a later hint of the same batch drives out is refused, too`() throws {
        var replica = try Replica(hintBytesMax: 500)
        receive(1, "{k}first", size: 200, &replica)
        #expect(replica.answers.isEmpty)
        receive(2, "{k}second", size: 400, &replica)
        replica.commit()
        #expect(replica.answers.count == 2)
        #expect(replica.answers.contains(.refused(id: 1, .overloaded)))
        #expect(replica.answers.contains(.refused(id: 2, .overloaded)))
    }

    @Test func `one that stays counts when it is written`() throws {
        var replica = try Replica(hintBytesMax: 500)
        receive(1, "{k}first", size: 200, &replica)
        #expect(replica.answers.isEmpty)
        replica.commit()
        #expect(replica.answers == [.wrote(id: 1, isDurable: false)])
    }
}
