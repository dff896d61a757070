import Essentials
import Placement

/// A cluster as an admin sees it, and what an admin does to it, drawn from a seed.
struct AdminOperations {
    enum Operation: CaseIterable {
        case joinOne, joinMany, leave, leaveMany, replace, reweigh, changeZone, changeMany
    }

    var random: SeededRandom
    let partitions: Int
    let n: Int
    private(set) var members: [Capacity] = []
    private var nextNumber: UInt16 = 1
    private let zoneCount: Int
    private let hasWeights: Bool

    /// More would only make the tests slow.
    private static let membersMax = 24

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
        partitions = [64, 64, 128, 256].randomElement(using: &random) ?? 64
        n = Int.random(in: 1...5, using: &random)
        zoneCount = Int.random(in: 1...6, using: &random)
        hasWeights = Bool.random(using: &random)
        for _ in 0..<Int.random(in: 1...12, using: &random) { join() }
    }

    var hasZones: Bool { Set(members.map(\.zone)).count > 1 }

    /// Does something, and returns what.
    mutating func act() -> Operation {
        let operation = Operation.allCases.randomElement(using: &random) ?? .joinOne
        perform(operation)
        return operation
    }

    mutating func perform(_ operation: Operation) {
        switch operation {
        case .joinOne: join()
        case .joinMany: for _ in 0..<Int.random(in: 2...6, using: &random) { join() }
        case .leave: leave()
        case .leaveMany: for _ in 0..<Int.random(in: 2...4, using: &random) { leave() }
        case .replace: replace()
        case .reweigh: reweigh()
        case .changeZone: changeZone()
        case .changeMany:
            replace()
            join()
            reweigh()
            changeZone()
        }
    }

    mutating func shuffleMembers() { members.shuffle(using: &random) }

    func solve(previous: PlacementTable?) -> PlacementTable {
        .solve(partitions: partitions, n: n, members: members, previous: previous)
    }

    func rules(_ table: PlacementTable) -> PlacementRules {
        PlacementRules(table: table, n: n, members: members)
    }

    private mutating func join() {
        guard members.count < Self.membersMax else { return }
        members.append(
            Capacity(node: NodeNumber(rawValue: nextNumber), weight: weight(), zone: zone()))
        nextNumber += 1
    }

    private mutating func leave() {
        guard members.count > 1 else { return }
        members.remove(at: Int.random(in: 0..<members.count, using: &random))
    }

    /// A dead machine's successor has its weight and zone, and a number of its own.
    private mutating func replace() {
        let index = Int.random(in: 0..<members.count, using: &random)
        members[index] = Capacity(
            node: NodeNumber(rawValue: nextNumber), weight: members[index].weight,
            zone: members[index].zone)
        nextNumber += 1
    }

    private mutating func reweigh() {
        let index = Int.random(in: 0..<members.count, using: &random)
        members[index] = Capacity(
            node: members[index].node, weight: weight(), zone: members[index].zone)
    }

    private mutating func changeZone() {
        let index = Int.random(in: 0..<members.count, using: &random)
        members[index] = Capacity(
            node: members[index].node, weight: members[index].weight, zone: zone())
    }

    private mutating func weight() -> Int {
        guard hasWeights else { return 100 }
        let extremes = [1, 10_000]
        if random.oneIn(10) { return extremes.randomElement(using: &random) ?? 1 }
        return Int.random(in: 50...400, using: &random)
    }

    private mutating func zone() -> String { "z\(Int.random(in: 0..<zoneCount, using: &random))" }
}
