import Essentials
import Membership

/// An authority and members with a network between them that a test controls message by message.
///
/// Nodes are told apart by the index of their description. Node 1 has founded the cluster and leads
/// it; the log takes at once what it appends. What a node has stored survives its restart; machines
/// do not.
struct ClusterModel {
    enum Message {
        case prepare(Preparation)
        case release(Preparation)
        case answer(Preparation, isEmpty: Bool)
        case adopted(epoch: UInt64)
        case topology(Topology)
        case fetch
        case heard(epoch: UInt64)
    }

    struct Envelope {
        let from: Int
        let to: Int
        let message: Message
    }

    struct Node {
        var machine: MemberTopology
        var stored: Topology?
        var holdsData = false
        var isCut = false
    }

    private(set) var authority: TopologyAuthority
    private var term: UInt64 = 1
    private(set) var nodes: [Int: Node] = [:]
    private(set) var now = at(0)
    /// What was sent and has neither arrived nor been lost.
    var network: [Envelope] = []
    /// What happened since it was last taken.
    var trace: [String] = []
    /// Who waits for an answer to which proposal.
    private var proposers: [ProposalID: Int] = [:]
    /// The numbers of all proposals made.
    private(set) var proposed: Set<Int> = []
    private(set) var answers: [ProposalID: String] = [:]
    /// Each epoch's topology, as it was committed.
    private(set) var committed: [UInt64: Topology] = [:]
    /// Broken rules, in words.
    private(set) var violations: [String] = []
    /// Members that restart forget that they hold writes, so emptiness is not checked then.
    var checksEmptiness = true

    /// A cluster of nodes 1 to `count`.
    init(members count: Int = 1) throws {
        let topology = try cluster(count)
        authority = TopologyAuthority(topology: topology, node: node(1), term: term)
        committed[topology.epoch] = topology
        for index in 1...count { start(index, stored: topology) }
    }

    mutating func start(_ index: Int, stored: Topology? = nil) {
        nodes[index] = Node(
            machine: MemberTopology(id: description(index).id, topology: stored), stored: stored)
    }

    // MARK: What a test does

    mutating func propose(_ id: Int, _ change: TopologyChange, by index: Int = 1) {
        proposed.insert(id)
        let id = ProposalID(rawValue: UInt64(id))
        proposers[id] = index
        apply(.proposed(id, change))
    }

    /// Returns whether the node took the write.
    @discardableResult
    mutating func write(at index: Int) -> Bool {
        guard let machine = nodes[index]?.machine, machine.member != nil,
            !machine.isHoldingWrites
        else { return false }
        nodes[index]?.holdsData = true
        return true
    }

    mutating func setCut(_ index: Int, _ isCut: Bool) { nodes[index]?.isCut = isCut }

    mutating func restart(_ index: Int) {
        guard let node = nodes[index] else { return }
        nodes[index]?.machine = MemberTopology(id: description(index).id, topology: node.stored)
        guard index == 1, let stored = node.stored else { return }
        term += 1
        authority = TopologyAuthority(
            topology: stored, node: NodeNumber(rawValue: 1), term: term)
    }

    /// Lets time pass, then lets everybody who waits for it know.
    mutating func advance(_ seconds: Double) {
        now.monotonicNs += UInt64(seconds * 1e9)
        now.wallMs += UInt64(seconds * 1e3)
        apply(.ticked)
        for index in nodes.keys.sorted() { apply(.ticked, at: index) }
    }

    /// Delivers the message at `offset` of the network, or loses it at a cut.
    mutating func deliver(at offset: Int, keepingCopy: Bool = false) {
        let envelope = keepingCopy ? network[offset] : network.remove(at: offset)
        let isCut = nodes[envelope.from]?.isCut == true || nodes[envelope.to]?.isCut == true
        guard envelope.from == envelope.to || !isCut else { return }
        receive(envelope)
    }

    mutating func deliverAll() {
        while !network.isEmpty { deliver(at: 0) }
    }

    /// Peers that talk to each other mention their epochs.
    mutating func talk(_ index: Int, to other: Int) {
        guard let node = nodes[index] else { return }
        network.append(
            Envelope(from: index, to: other, message: .heard(epoch: node.machine.epoch)))
    }

    // MARK: Messages

    private mutating func receive(_ envelope: Envelope) {
        let index = envelope.to
        guard let sender = number(of: envelope.from) else { return }
        switch envelope.message {
        case .prepare(let preparation): apply(.prepareRequested(preparation, by: sender), at: index)
        case .release(let preparation): apply(.released(preparation), at: index)
        case .topology(let topology): apply(.received(topology), at: index)
        case .fetch: apply(.requested(by: sender), at: index)
        case .heard(let epoch): apply(.heard(epoch: epoch, from: sender), at: index)
        case .answer(let preparation, let isEmpty):
            apply(.prepared(by: sender, preparation, isEmpty: isEmpty))
        case .adopted(let epoch): apply(.adopted(by: sender, epoch: epoch))
        }
    }

    private func number(of index: Int) -> NodeNumber? {
        authority.topology.member(id: description(index).id)?.number
    }

    private func index(of number: NodeNumber) -> Int {
        Int(authority.topology.member(number)?.id.low ?? 0)
    }

    // MARK: Machines

    private mutating func apply(_ event: AuthorityEvent) {
        var effects: [AuthorityEffect] = []
        authority.apply(event, now: now, into: &effects)
        for effect in effects { run(effect) }
    }

    private mutating func run(_ effect: AuthorityEffect) {
        trace.append("authority: \(effect.summary)")
        switch effect {
        case .prepare(let node, let preparation):
            send(.prepare(preparation), from: 1, to: index(of: node))
        case .release(let node, let preparation):
            send(.release(preparation), from: 1, to: index(of: node))
        case .distribute(let topology, let node):
            send(.topology(topology), from: 1, to: index(of: node))
        case .append(let topology):
            checkCommit(topology)
            apply(.received(topology), at: 1)
            apply(.committed(topology))
        case .accept(let id, let topology):
            answers[id] = "accepted"
            if let proposer = proposers[id] { send(.topology(topology), from: 1, to: proposer) }
        case .refuse(let id, let reason, _): answers[id] = reason
        }
    }

    private mutating func checkCommit(_ topology: Topology) {
        if let other = committed[topology.epoch], other != topology {
            violations.append("epoch \(topology.epoch) was committed twice")
        }
        committed[topology.epoch] = topology
        guard checksEmptiness, let before = committed[topology.epoch - 1],
            before.placement != topology.placement
        else { return }
        for member in before.members {
            let node = nodes[Int(member.id.low)]
            if node?.holdsData == true { violations.append("vnodes of \(member.id) hold data") }
            if node?.machine.isHoldingWrites == false {
                violations.append("\(member.id) takes writes at the commit")
            }
        }
    }

    private mutating func apply(_ event: MemberTopology.Event, at index: Int) {
        guard var node = nodes[index] else { return }
        var effects: [MemberTopology.Effect] = []
        let before = node.machine.epoch
        node.machine.apply(event, now: now, into: &effects)
        if node.machine.epoch < before { violations.append("node \(index) went back") }
        nodes[index] = node
        for effect in effects { run(effect, at: index) }
    }

    private mutating func run(_ effect: MemberTopology.Effect, at node: Int) {
        trace.append("\(node): \(effect.summary)")
        switch effect {
        case .adopt(let topology):
            if let expected = committed[topology.epoch], expected != topology {
                violations.append("node \(node) has another epoch \(topology.epoch)")
            }
            nodes[node]?.stored = topology
        case .acknowledge(let epoch): send(.adopted(epoch: epoch), from: node, to: 1)
        case .inspect(let preparation):
            let isEmpty = nodes[node]?.holdsData == false
            apply(.inspected(preparation, isEmpty: isEmpty), at: node)
        case .answer(let preparation, let isEmpty, let other):
            send(.answer(preparation, isEmpty: isEmpty), from: node, to: index(of: other))
        case .fetch(let other): send(.fetch, from: node, to: index(of: other))
        case .send(let topology, let other):
            send(.topology(topology), from: node, to: index(of: other))
        case .report(let conflict): violations.append("\(node): \(conflict)")
        case .holdWrites, .resumeWrites: break
        }
    }

    private mutating func send(_ message: Message, from: Int, to: Int) {
        network.append(Envelope(from: from, to: to, message: message))
    }
}

extension AuthorityEffect {
    var summary: String {
        switch self {
        case .prepare(let node, let preparation): "prepare \(node) for epoch \(preparation.epoch)"
        case .release(let node, let preparation): "release \(node) of epoch \(preparation.epoch)"
        case .append(let topology): "append epoch \(topology.epoch)"
        case .distribute(let topology, let node): "distribute epoch \(topology.epoch) to \(node)"
        case .accept(let id, let topology): "accept \(id.rawValue) with epoch \(topology.epoch)"
        case .refuse(let id, let reason, _): "refuse \(id.rawValue): \(reason)"
        }
    }
}

extension MemberTopology.Effect {
    var summary: String {
        switch self {
        case .adopt(let topology): "adopt epoch \(topology.epoch)"
        case .acknowledge(let epoch): "acknowledge epoch \(epoch)"
        case .holdWrites: "hold writes"
        case .resumeWrites: "resume writes"
        case .inspect: "inspect"
        case .answer(_, let isEmpty, _): "answer \(isEmpty ? "empty" : "data")"
        case .fetch(let node): "fetch from \(node)"
        case .send(let topology, let node): "send epoch \(topology.epoch) to \(node)"
        case .report(let conflict): "report: \(conflict)"
        }
    }
}
