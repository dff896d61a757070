import Essentials
import Membership
import Testing

/// What authority and members do to each other, step by step, as told in `Interactions/*.txt`.
@Suite struct InteractionTests {
    @Test(arguments: ["join", "hold", "unreachable", "flush", "restart"])
    func `authority and members interact as written`(name: String) throws {
        var player = Player(model: try ClusterModel())
        try Interaction(name).run { try player.execute($0) }
        #expect(player.model.violations == [])
    }
}

private struct UnknownCommand: Error {
    let words: [String]
}

/// Carries out the commands of an interaction:
///
///     cluster COUNT           a cluster of nodes 1 to COUNT; node 1 is the authority
///     join NODE               NODE proposes to join
///     move NODE               NODE proposes other addresses for itself
///     flush STAMP             node 1 proposes a flush
///     write NODE              a client writes: says whether it was taken
///     deliver                 messages arrive until there are none
///     deliver to NODE         those to NODE arrive that are on their way now
///     lose                    messages on their way are lost
///     cut NODE, heal NODE     messages from and to NODE are lost, or not any more
///     restart NODE            it comes back with what it had stored
///     talk NODE NODE          the first mentions its epoch to the second
///     wait SECONDS
private struct Player {
    var model: ClusterModel
    var proposals = 0

    mutating func execute(_ words: [String]) throws -> [String] {
        let numbers = words.dropFirst().compactMap(Int.init)
        let first = numbers.first ?? 0
        switch words[0] {
        case "cluster": model = try ClusterModel(members: first)
        case "join":
            if model.nodes[first] == nil { model.start(first) }
            propose(.join(description(first)), by: first)
        case "move":
            propose(.updateAddresses(description(first).id, addresses(first + 100)), by: first)
        case "flush": propose(.flush(stamp: UInt64(first)), by: 1)
        case "write": model.trace.append(model.write(at: first) ? "taken" : "held")
        case "deliver" where words.count == 1: model.deliverAll()
        case "deliver": deliver(to: first)
        case "lose": model.network.removeAll()
        case "cut": model.setCut(first, true)
        case "heal": model.setCut(first, false)
        case "restart": model.restart(first)
        case "talk": model.talk(first, to: numbers[1])
        case "wait": model.advance(Double(words[1]) ?? 0)
        default: throw UnknownCommand(words: words)
        }
        defer { model.trace.removeAll() }
        return model.trace
    }

    private mutating func propose(_ change: TopologyChange, by index: Int) {
        proposals += 1
        model.propose(proposals, change, by: index)
    }

    private mutating func deliver(to index: Int) {
        let others = model.network.filter { $0.to != index }
        model.network.removeAll { $0.to != index }
        for _ in model.network.indices { model.deliver(at: 0) }
        model.network = others + model.network
    }
}
