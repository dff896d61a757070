import Essentials
import Testing

@testable import Consensus

/// Who votes, and how one electorate becomes another.
@Suite struct ElectorateTests {
    private func nodes(_ numbers: Int...) -> [NodeNumber] {
        numbers.map { NodeNumber(rawValue: UInt16($0)) }
    }

    private func candidates(_ zones: [String]) -> [Candidate] {
        zones.enumerated().map {
            Candidate(node: NodeNumber(rawValue: UInt16($0.offset + 1)), zone: $0.element)
        }
    }

    @Test func `up to seven all vote`() {
        let seven = candidates(Array(repeating: "", count: 7))
        #expect(Electorate.none.choosing(from: seven) == seven.map(\.node))
        #expect(Electorate.none.choosing(from: []) == [])
    }

    @Test func `seats are dealt out over zones`() {
        let twelve = candidates(
            ["a", "a", "a", "a", "a", "a", "a", "a", "b", "b", "c", "c"])
        #expect(Electorate.none.choosing(from: twelve) == nodes(1, 2, 3, 9, 10, 11, 12))
    }

    @Test func `who votes goes on`() {
        let ten = candidates(Array(repeating: "", count: 10))
        let present = Electorate(voters: nodes(2, 3, 4, 6, 8, 9, 10))
        #expect(present.choosing(from: ten) == present.voters)
        #expect(
            present.choosing(from: ten.filter { $0.node != nodes(6)[0] })
                == nodes(1, 2, 3, 4, 8, 9, 10))
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func `the choice is bounded, stable, and spread`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let count = Int.random(in: 1...20, using: &random)
        let all = candidates(
            (0..<count).map { _ in "z\(Int.random(in: 0..<4, using: &random))" })
        let chosen = Electorate.none.choosing(from: all.shuffled(using: &random))
        #expect(chosen.count == min(7, count))
        #expect(Electorate.none.choosing(from: all) == chosen)
        #expect(Electorate(voters: chosen).choosing(from: all) == chosen)
        // No zone has two seats more than one that has nodes left.
        for zone in Set(all.map(\.zone)) {
            let seats = all.count { $0.zone == zone && chosen.contains($0.node) }
            for other in Set(all.map(\.zone)) {
                let there = all.filter { $0.zone == other }
                let theirs = there.count { chosen.contains($0.node) }
                #expect(seats <= theirs + 1 || theirs == there.count)
            }
        }
    }

    @Test(arguments: 0..<100 as Range<UInt64>)
    func `single steps lead to the choice`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let all = candidates((0..<12).map { _ in "z\(Int.random(in: 0..<3, using: &random))" })
        let first = Array(all.shuffled(using: &random).prefix(5))
        var electorate = Electorate(voters: Electorate.none.choosing(from: first))
        let members = Array(all.shuffled(using: &random).prefix(9))
        for _ in 0..<30 {
            let wanted = electorate.choosing(from: members)
            guard
                let next = electorate.step(
                    towards: wanted, members: members.map(\.node), isReady: { _ in true })
            else { break }
            #expect(electorate.overlaps(next))
            #expect(next.voters.count <= Electorate.votersMax)
            electorate = next
        }
        #expect(electorate.voters == electorate.choosing(from: members))
        #expect(electorate.nodes == members.map(\.node).sorted())
    }

    @Test func `majorities of electorates that differ by one overlap`() {
        let three = Electorate(voters: nodes(1, 2, 3))
        #expect(three.overlaps(Electorate(voters: nodes(1, 2, 3, 4))))
        #expect(three.overlaps(Electorate(voters: nodes(1, 3))))
        #expect(!three.overlaps(Electorate(voters: nodes(1, 2, 4))))
        #expect(!Electorate(voters: nodes(1)).overlaps(.none))
        #expect(!Electorate.none.isMajority([]))
        #expect(three.agreedIndex { UInt64($0.rawValue) } == 2)
    }
}
