import Essentials

@testable import Consensus

/// Raft nodes with a network and disks that a test or a seed controls, in virtual time.
///
/// Nodes are numbered from 1. What a crash leaves of a node is what its disk had finished.
struct RaftCluster {
    struct Envelope {
        var from: Int
        var to: Int
        var dueNs: UInt64
        var bytes: [UInt8]
    }

    struct Node {
        var stored: RaftStored
        var raft: Raft?
        /// Effects that have not been carried out, in their order.
        var queue: [Raft.Effect] = []
        var isStoring = false
        /// Writes that were begun are not finished while the disk hangs.
        var isDiskHung = false
        var machine = Machine()
        var seed: UInt64 = 0
    }

    /// What the log is for: here, a hash of all its commands.
    struct Machine: Equatable {
        var index: UInt64 = 0
        var hash: UInt64 = 0

        mutating func apply(_ entry: RaftEntry) {
            index = entry.index
            guard let bytes = entry.payload.command else { return }
            for byte in bytes { hash = hash &* 0x100_0000_01B3 ^ UInt64(byte) &+ 1 }
        }

        var state: [UInt8] {
            var bytes: [UInt8] = []
            bytes.appendBigEndian(hash)
            return bytes
        }

        init() {}

        init(_ snapshot: RaftSnapshot) {
            index = snapshot.position.index
            for byte in snapshot.state { hash = hash << 8 | UInt64(byte) }
        }
    }

    struct Way: Hashable {
        var from: Int
        var to: Int
    }

    var random: SeededRandom
    var timeNs: UInt64 = 1_000_000_000
    private var nextTickNs: UInt64 = 1_000_000_000
    var nodes: [Int: Node] = [:]
    var network: [Envelope] = []
    var cuts: Set<Way> = []
    /// The longest time that a message and a write take.
    var delayMs: UInt64 = 0
    var lossOneIn: Int?
    var doubleOneIn: Int?
    var limits = RaftLimits()
    var checks = Checks()
    /// Proposals that were declined, with the node.
    var declined: [(Int, Raft.Decline)] = []

    init(seed: UInt64 = 1) { random = SeededRandom(seed: seed) }

    /// Nodes 1 to `voters` vote; so many more learn.
    init(voters: Int, learners: Int = 0, seed: UInt64 = 1, limits: RaftLimits = RaftLimits()) {
        self.init(seed: seed)
        self.limits = limits
        let all = (1...voters + learners).map { NodeNumber(rawValue: UInt16($0)) }
        let electorate = Electorate(
            voters: Array(all.prefix(voters)), learners: Array(all.dropFirst(voters)))
        let snapshot = RaftSnapshot(
            position: LogPosition(index: 1, term: 0), electorate: electorate,
            state: Machine().state)
        for node in all { add(node, RaftStored(ballot: Ballot(), snapshot: snapshot)) }
    }

    mutating func add(_ node: NodeNumber, _ stored: RaftStored) {
        nodes[Int(node.rawValue)] = Node(stored: stored)
        start(Int(node.rawValue))
    }

    subscript(index: Int) -> Raft {
        guard let raft = nodes[index]?.raft else { fatalError("node \(index) is not running") }
        return raft
    }

    var indices: [Int] { nodes.keys.sorted() }
    var running: [Int] { indices.filter { nodes[$0]?.raft != nil } }
    var now: Now { Now(monotonicNs: timeNs, wallMs: 0) }

    /// The node that leads the latest term, if any.
    var leader: Int? {
        running.filter { self[$0].role == .leader }.max { self[$0].term < self[$1].term }
    }

    // MARK: Lives

    mutating func start(_ index: Int) {
        guard let node = nodes[index], node.raft == nil else { return }
        let seed = random.next()
        nodes[index]?.raft = Raft(
            node: NodeNumber(rawValue: UInt16(index)), stored: node.stored, seed: seed,
            limits: limits)
        nodes[index]?.machine = Machine(node.stored.snapshot)
    }

    /// The process ends; what it had not stored is gone, and so is what it had not sent.
    mutating func crash(_ index: Int) {
        // A write under way may have reached the disk.
        if nodes[index]?.isStoring == true, random.oneIn(2) { finishWrite(index, runsOn: false) }
        nodes[index]?.raft = nil
        nodes[index]?.queue = []
        nodes[index]?.isStoring = false
        nodes[index]?.isDiskHung = false
    }

    // MARK: Events

    mutating func apply(_ event: Raft.Event, at index: Int) {
        guard nodes[index]?.raft != nil else { return }
        var effects: [Raft.Effect] = []
        let now = now
        nodes[index]?.raft?.apply(event, now: now, into: &effects)
        nodes[index]?.queue.append(contentsOf: effects)
        carryOut(index)
    }

    mutating func propose(_ text: String, at index: Int) {
        apply(.proposed(Array(text.utf8)), at: index)
    }

    mutating func compact(_ index: Int) {
        // The machine stands where the queue does: only then is its state that of the commit index.
        guard let node = nodes[index], let raft = node.raft, node.queue.isEmpty,
            node.machine.index == raft.commitIndex
        else { return }
        apply(.compacted(state: node.machine.state), at: index)
    }

    private mutating func carryOut(_ index: Int) {
        while let node = nodes[index], node.raft != nil, !node.isStoring,
            let effect = node.queue.first
        {
            if case .store = effect {
                nodes[index]?.isStoring = true
                if delayMs == 0, !node.isDiskHung { finishWrite(index) }
                continue
            }
            nodes[index]?.queue.removeFirst()
            carryOut(effect, index)
        }
    }

    private mutating func carryOut(_ effect: Raft.Effect, _ index: Int) {
        switch effect {
        case .store, .follow: break
        case .send(let node, let message): send(message, from: index, to: Int(node.rawValue))
        case .apply(let entry):
            nodes[index]?.machine.apply(entry)
            checks.noteApplied(entry, by: index, nodes[index]?.machine.hash ?? 0)
        case .restore(let snapshot):
            nodes[index]?.machine = Machine(snapshot)
            checks.noteRestored(snapshot, nodes[index]?.machine.hash ?? 0)
        case .lead(let term): checks.noteLed(self[index], term)
        case .decline(let reason): declined.append((index, reason))
        }
    }

    /// Lets the write at the head of the queue reach the disk.
    mutating func finishWrite(_ index: Int, runsOn: Bool = true) {
        guard nodes[index]?.isStoring == true, case .store(let write)? = nodes[index]?.queue.first
        else { return }
        nodes[index]?.stored.apply(write)
        nodes[index]?.isStoring = false
        nodes[index]?.queue.removeFirst()
        if runsOn { carryOut(index) }
    }

    // MARK: Network

    private mutating func send(_ message: RaftMessage, from: Int, to: Int) {
        if case .append = message.kind {
            checks.noteLeading(message.term, NodeNumber(rawValue: UInt16(from)))
        }
        if let lossOneIn, random.oneIn(lossOneIn) { return }
        var bytes: [UInt8] = []
        message.encode(into: &bytes)
        for _ in 0..<(doubleOneIn.map { random.oneIn($0) } ?? false ? 2 : 1) {
            let delayNs = UInt64.random(in: 0...delayMs * 1_000_000, using: &random)
            network.append(
                Envelope(from: from, to: to, dueNs: timeNs + delayNs, bytes: bytes))
        }
    }

    mutating func cut(_ index: Int) {
        for other in indices where other != index {
            cuts.insert(Way(from: index, to: other))
            cuts.insert(Way(from: other, to: index))
        }
    }

    private mutating func deliverDue() {
        while let index = network.firstIndex(where: { $0.dueNs <= timeNs }) {
            deliver(network.remove(at: index))
        }
    }

    mutating func deliver(_ envelope: Envelope) {
        guard !cuts.contains(Way(from: envelope.from, to: envelope.to)) else { return }
        var reader = ByteReader(envelope.bytes)
        guard let message = try? RaftMessage(from: &reader), reader.isAtEnd else {
            return checks.violations.append("a message cannot be decoded")
        }
        apply(
            .received(message, from: NodeNumber(rawValue: UInt16(envelope.from))),
            at: envelope.to)
    }

    // MARK: Time

    mutating func advance(ns: UInt64) {
        let end = timeNs + ns
        while timeNs < end {
            let due = network.map(\.dueNs).min() ?? .max
            timeNs = max(timeNs, min(end, due, nextTickNs))
            deliverDue()
            if timeNs >= nextTickNs { tick() }
        }
    }

    mutating func wait(_ seconds: Double) { advance(ns: UInt64(seconds * 1e9)) }

    private mutating func tick() {
        nextTickNs += 100_000_000
        for index in running {
            if nodes[index]?.isStoring == true, nodes[index]?.isDiskHung == false {
                finishWrite(index)
            }
            apply(.ticked, at: index)
        }
        checks.checkLogs(running.map { self[$0] })
    }

    /// Waits until somebody leads whom a majority follows.
    mutating func elect() -> Int {
        for _ in 0..<200 {
            if let leader, self[leader].isLeading { return leader }
            wait(0.1)
        }
        checks.violations.append("nobody was elected in 20 s")
        return leader ?? 1
    }
}
