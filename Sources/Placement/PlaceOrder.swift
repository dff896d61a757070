/// Decides who of a partition's replicas is first, second and so on.
///
/// Only roles move here, no data. Where a partition's replicas are the same as before, their order
/// stays unless the first places would be uneven.
struct PlaceOrder {
    private let problem: PlacementProblem
    private var replicas: [[Int]]
    /// The member in the first place of each partition.
    private var firsts: [Int] = []
    private var firstCounts: [Int]
    /// Element `m * memberCount + k`: partitions with first m that k replicates as well.
    private var followers: [Int]

    static func order(_ draft: PlacementDraft) -> [[Int]] {
        var order = PlaceOrder(draft)
        order.chooseFirsts()
        order.balanceFirsts()
        order.orderFollowers()
        return order.replicas
    }

    private init(_ draft: PlacementDraft) {
        problem = draft.problem
        replicas = draft.replicas
        firstCounts = Array(repeating: 0, count: problem.memberCount)
        followers = Array(repeating: 0, count: problem.memberCount * problem.memberCount)
    }

    // MARK: First places

    /// Takes over the first place of before, or picks who is furthest from its share.
    private mutating func chooseFirsts() {
        firsts = Array(repeating: 0, count: problem.partitionCount)
        var open: [Int] = []
        for partition in 0..<problem.partitionCount {
            if let first = problem.previous[partition].first, replicas[partition].contains(first) {
                setFirst(first, of: partition)
            } else {
                open.append(partition)
            }
        }
        for partition in open {
            let first = replicas[partition].min { left, right in
                (relativeFirsts(left), left) < (relativeFirsts(right), right)
            }
            setFirst(first ?? 0, of: partition)
        }
    }

    private func relativeFirsts(_ member: Int) -> Double {
        (Double(firstCounts[member]) + 0.5) / problem.shares.firstPlaces[member]
    }

    private mutating func setFirst(_ member: Int, of partition: Int) {
        firsts[partition] = member
        count(partition, by: 1)
    }

    private mutating func count(_ partition: Int, by change: Int) {
        let first = firsts[partition]
        firstCounts[first] += change
        for follower in replicas[partition] where follower != first {
            followers[first * problem.memberCount + follower] += change
        }
    }

    /// Shifts first places along paths of members, each handing one partition to the next, until
    /// every member has its share rounded down or up, or no path is left: then, by the theory of
    /// flows, these vnodes admit no better choice.
    private mutating func balanceFirsts() {
        let floors = problem.shares.firstPlaces.map { Int($0.rounded(.down)) }
        let ceilings = problem.shares.firstPlaces.map { Int($0.rounded(.up)) }
        for member in floors.indices {
            while firstCounts[member] > ceilings[member] {
                guard
                    let path = path(from: member, isGoal: { firstCounts[$0] < floors[$0] })
                        ?? path(from: member, isGoal: { firstCounts[$0] < ceilings[$0] })
                else { break }
                shift(along: path)
            }
        }
        for source in floors.indices {
            while firstCounts[source] > floors[source],
                let path = path(from: source, isGoal: { firstCounts[$0] < floors[$0] })
            {
                shift(along: path)
            }
        }
    }

    /// The shortest path of members from `source`, each of which can hand a first place to the
    /// next, to one that is wanted.
    private func path(from source: Int, isGoal: (Int) -> Bool) -> [Int]? {
        var cameFrom = [Int?](repeating: nil, count: problem.memberCount)
        var queue = [source]
        var index = 0
        while index < queue.count {
            let member = queue[index]
            index += 1
            for follower in 0..<problem.memberCount
            where follower != source && cameFrom[follower] == nil
                && followers[member * problem.memberCount + follower] > 0
            {
                cameFrom[follower] = member
                guard isGoal(follower) else {
                    queue.append(follower)
                    continue
                }
                var path = [follower]
                while let previous = cameFrom[path[0]] { path.insert(previous, at: 0) }
                return path
            }
        }
        return nil
    }

    private mutating func shift(along path: [Int]) {
        for (member, follower) in zip(path, path.dropFirst()) {
            let found = firsts.indices.first {
                firsts[$0] == member && replicas[$0].contains(follower)
            }
            guard let partition = found else { continue }
            count(partition, by: -1)
            setFirst(follower, of: partition)
        }
    }

    // MARK: Second places and the rest

    /// Unchanged partitions first, so that the others can even out what these have left uneven.
    private mutating func orderFollowers() {
        var takeovers = [Int](repeating: 0, count: problem.memberCount * problem.memberCount)
        var placed = [Int](repeating: 0, count: problem.replicaCount * problem.memberCount)
        func note(_ order: [Int]) {
            for (place, member) in order.enumerated() {
                placed[place * problem.memberCount + member] += 1
            }
            if order.count > 1 { takeovers[order[0] * problem.memberCount + order[1]] += 1 }
        }
        var open: [Int] = []
        for partition in 0..<problem.partitionCount {
            let previous = problem.previous[partition]
            if previous.first == firsts[partition], previous.count == problem.replicaCount,
                previous.allSatisfy({ replicas[partition].contains($0) })
            {
                replicas[partition] = previous
                note(previous)
            } else {
                open.append(partition)
            }
        }
        for partition in open {
            var order = [firsts[partition]]
            var rest = replicas[partition].filter { $0 != order[0] }.sorted()
            while !rest.isEmpty {
                let place = order.count
                let next = rest.indices.min { left, right in
                    cost(rest[left], place) < cost(rest[right], place)
                }
                order.append(rest.remove(at: next ?? 0))
            }
            replicas[partition] = order
            note(order)

            /// How much a member has of a place already, relative to its share; for the second
            /// place, above all how much of this first member's load it would take over.
            func cost(_ member: Int, _ place: Int) -> Double {
                let before = Double(placed[place * problem.memberCount + member])
                let taken = Double(takeovers[order[0] * problem.memberCount + member])
                let share = problem.shares.vnodes[member]
                let typical = Double(problem.partitionCount)
                return ((place == 1 ? taken * typical : 0) + before) / share
            }
        }
    }
}
