import Essentials
import Membership
import Placement
import Testing

/// Changes of the topology over a network that loses, duplicates, delays and reorders, with nodes
/// that are cut off and restarted; then over one that works again. A seed decides everything.
@Suite struct TopologySimulationTests {
    private static let steps = 400

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `one topology an epoch, changed while empty, and all reach the newest`(
        seed: UInt64
    ) throws {
        var random = SeededRandom(seed: seed)
        let memberCount = Int.random(in: 1...5, using: &random)
        var model = try ClusterModel(members: memberCount)
        let restarts = random.oneIn(3)
        model.checksEmptiness = !restarts
        var nodeCount = memberCount
        for step in 0..<Self.steps {
            disturb(&model, &random, step: step, nodeCount: &nodeCount, restarts: restarts)
            #expect(model.violations == [], "step \(step) of seed \(seed)")
            if !model.violations.isEmpty { return }
        }
        heal(&model, nodeCount: nodeCount)
        #expect(model.violations == [])
        let newest = model.authority.topology
        for member in newest.members {
            let node = try #require(model.nodes[Int(member.id.low)])
            #expect(node.machine.topology == newest, "node \(member.number) of seed \(seed)")
            #expect(!node.machine.isHoldingWrites, "node \(member.number) of seed \(seed)")
        }
        // Every epoch up to the newest was committed once, one after the other.
        let first = UInt64(memberCount)
        #expect(model.committed.keys.sorted() == Array(first...newest.epoch))
        // Nobody waits for ever.
        for step in 0..<Self.steps where !restarts && model.proposed.contains(step) {
            #expect(model.answers[ProposalID(rawValue: UInt64(step))] != nil)
        }
    }

    private func disturb(
        _ model: inout ClusterModel, _ random: inout SeededRandom, step: Int,
        nodeCount: inout Int, restarts: Bool
    ) {
        let anyone = Int.random(in: 1...nodeCount, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<60:
            guard !model.network.isEmpty else { break }
            let offset = Int.random(in: 0..<model.network.count, using: &random)
            if random.oneIn(8) {
                model.network.remove(at: offset)
            } else {
                model.deliver(at: offset, keepingCopy: random.oneIn(8))
            }
        case 60..<75: model.advance(Double.random(in: 0...1, using: &random))
        case 75..<80: model.talk(anyone, to: Int.random(in: 1...nodeCount, using: &random))
        case 80..<84:
            nodeCount += 1
            model.start(nodeCount)
            model.propose(step, .join(description(nodeCount)), by: nodeCount)
        case 84..<86: model.propose(step, .join(description(anyone)), by: anyone)
        case 86..<88: model.propose(step, .flush(stamp: UInt64(step)), by: anyone)
        case 88..<90:
            model.propose(
                step, .updateAddresses(description(anyone).id, addresses(1000 + step)), by: anyone)
        case 90: model.propose(step, drawKeyspaceChange(&random), by: anyone)
        case 91..<93: model.setCut(anyone, random.oneIn(2))
        case 93..<94: if step > Self.steps / 2 { model.write(at: anyone) }
        case 94..<97: if restarts { model.restart(anyone) }
        default: model.advance(Double.random(in: 0...5, using: &random))
        }
    }

    private func drawKeyspaceChange(_ random: inout SeededRandom) -> TopologyChange {
        let prefix = [UInt8.random(in: 1...3, using: &random)]
        return random.oneIn(3)
            ? .unsetKeyspace(prefix: prefix)
            : .setKeyspace(
                prefix: prefix, quorums(r: .number(Int.random(in: 1...3, using: &random))))
    }

    private func heal(_ model: inout ClusterModel, nodeCount: Int) {
        for index in 1...nodeCount { model.setCut(index, false) }
        // Longer than any time-out for every proposal that may still be waiting.
        for _ in 0..<200 {
            model.deliverAll()
            model.advance(0.6)
        }
        model.deliverAll()
    }
}
