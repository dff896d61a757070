internal import Consensus
internal import Engine
internal import Essentials
internal import Hashing
internal import Membership
internal import Placement
internal import Wire

/// A cluster of whole engines in one process: a message queue, virtual clocks, disks in memory.
///
/// Everything happens on the caller's thread, at a virtual time that only `run` and `wait` move,
/// and chance comes from one seed: the same calls give the same run.
///
/// Nodes are numbered from 1, as the topology does, and named A, B, C in traces.
final class Cluster {
    struct Options {
        var nodes = 3
        var n = 3
        var shards = 1
        var partitions = 64
        /// What the nodes' settings say.
        var consistency = Consistency(r: 2, w: 2, timeoutMs: 1000)
        /// Failure domains, dealt out in turn; 0 for none.
        var zones = 0
        /// `wal-sync always`; else synced every second, and when somebody asks.
        var acknowledgesDurable = true
        var cacheBytesMax = 1 << 20
        var contextActorsMax = 50
        var driftMsMax: UInt64 = 60_000
        var seed: UInt64 = 1
        var weather = Weather.calm
        /// Whether failure detectors run: their messages carry epochs, too, and so change the order
        /// in which nodes learn of a topology.
        var hasDetectors = false
        /// Of each shard.
        var hintBytesMax = 1 << 30
        /// Commands wait at a node that was away until it knows how far others are.
        var confirmsEpoch = false
        var hintAgeMsMax: UInt64 = 7 * 86_400_000
        /// Of each shard: requests under way, and events that wait for the disk.
        var inFlightMax = 65_536
        var parkedMax = 65_536
        /// Inputs that may wait for a loop when a client's command of another is to join them.
        var mailboxMax = 65_536
        var valueSizeMax = 16 << 20
        /// Of each shard; nil for the engine's own.
        var bounds = Bounds()
        /// Work that has waited for longer keeps new work away (`overload-delay`); 0: none does.
        var waitMsMax = 0
        /// Nodes 1 to this one vote at first.
        var voters = 1
        /// Whether the others have become voters before the run begins.
        var startsFormed = true
        var controlTickMs = ControlPlane.tickMs
        var control = ControlPlane.Settings()
        /// A mistake that every node's shards make.
        var bug = DeliberateBug.none
    }

    /// Bounds that are far away in a server; nil leaves them there.
    struct Bounds {
        var writeBytes: Int?
        var parkedBytes: Int?
        var lingering: Int?
        var siblings: Int?
        var tokenExceptions: Int?
    }

    /// What is planned.
    enum Happening {
        case arrival(Network.Envelope)
        case pass(Place)
        /// A shard's timer.
        case wake(Place, atNs: UInt64)
        /// A loop that stood still goes on; so does a process.
        case stallEnd(Place)
        case resume(node: Int)
        case loaded(Place, ObjectKey, token: UInt64)
        case hintsRead(Place, DataPlane.Event)
        case synced(node: Int, life: Int, batches: Int)
        case topologyStored(node: Int, life: Int)
        case persisted(node: Int, life: Int)
        /// The process is started again, unless it has been already.
        case restart(node: Int)

        /// To whom it happens.
        var node: Int {
            switch self {
            case .arrival(let envelope): envelope.to
            case .pass(let place), .wake(let place, _), .loaded(let place, _, _),
                .hintsRead(let place, _), .stallEnd(let place):
                place.node
            case .synced(let node, _, _), .topologyStored(let node, _),
                .persisted(let node, _), .restart(let node), .resume(let node):
                node
            }
        }
    }

    /// A shard's loop in one life of its node.
    struct Place {
        var node: Int
        var life: Int
        var shard: Int
    }

    static let clusterID = UniqueID(high: 0xC1, low: 0x05)
    static let dataTickMs = DataPlane.tickMs
    /// Wall clocks begin here, so that actor epochs are short to read.
    static let wallStartMs: UInt64 = 1_000_000

    let options: Options
    let sharding: Sharding
    /// Who should hold what.
    var placement: PlacementTable
    var weather: Weather
    var random: SeededRandom
    /// Since the beginning of the run.
    private(set) var timeNs: UInt64 = 1_000_000_000
    private var nextTickNs: UInt64 = 1_000_000_000
    private var ticks: UInt64 = 0
    private var schedule = Schedule<Happening>()
    var nodes: [Node] = []
    var network = Network()
    var trace = Trace()
    var clients = Clients()
    var connections: [ClientConnection] = []
    var ledger = DotLedger()
    var agreement = Agreement()
    var talk = Talk()
    /// What admins were told, by their tokens.
    var descriptions: [UInt64: KeyDescription] = [:]
    /// Broken rules, in words.
    var violations: [String] = []
    /// Told of everything, as it happens.
    var observer: ((Observation) -> Void)?
    /// A hash of everything that has happened, and when.
    private(set) var fingerprint: UInt64 = 0
    /// What was counted in lives that have ended.
    var pastCounters: [DataPlane.Counters] = []
    var pastElections = 0
    private var lastProposal: UInt64 = 0
    /// No two members ever listen on one port.
    private var lastPort = 20_000
    /// How far what nodes took for the members' common time has been from the true one.
    private(set) var clockErrors = ClockErrors()
    /// How long a message has taken at most.
    var slowestMessageNs: UInt64 = 0

    init(_ options: Options = Options()) throws {
        self.options = options
        weather = options.weather
        random = SeededRandom(seed: options.seed)
        sharding = Sharding(
            shards: options.shards, partitioning: Partitioning(count: options.partitions))
        let topology = try TopologyStore.shared.topology(options)
        placement = topology.placement
        for index in 1...options.nodes {
            addNode()
            self[index].disk.facts.topology = topology
            self[index].disk.facts.consensus = RaftStored(
                agreedOn: topology,
                voters: (1...options.voters).map { NodeNumber(rawValue: UInt16($0)) })
        }
        for index in 1...options.nodes { start(index) }
        if options.startsFormed { formElectorate() }
    }

    /// The node with this number.
    subscript(index: Int) -> Node {
        get { nodes[index - 1] }
        _modify { yield &nodes[index - 1] }
    }

    /// A node that has a disk and is part of no cluster.
    func addNode() {
        let index = nodes.count + 1
        let description = Self.description(index, zones: options.zones)
        nodes.append(Node(description, index: index, shards: options.shards))
    }

    /// What a frame of the node says of its sender now.
    func header(_ index: Int, epoch: UInt64, fence: UInt64) -> PeerFrameHeader {
        let isShared = self[index].process?.clock.isShared ?? false
        let machine = machineNow(index)
        let clocks = PeerClocks(
            monotonicNs: machine.monotonicNs, wallMs: machine.wallMs,
            commonMs: isShared ? now(index).wallMs : 0)
        return PeerFrameHeader(epoch: epoch, fence: fence, clocks: clocks)
    }

    /// A node's clocks: its monotonic one, and what it takes for the members' common one.
    func now(_ index: Int) -> Now {
        let machine = machineNow(index)
        guard let clock = self[index].process?.clock else { return machine }
        let trusts = options.bug == .trustsOwnClock
        let wallMs = trusts ? machine.wallMs : clock.commonMs(atNs: machine.monotonicNs)
        if clock.isSettled(nowNs: machine.monotonicNs), clock.judgement == .sound {
            clockErrors.note(Int64(wallMs) - Int64(trueMs))
        }
        return Now(monotonicNs: machine.monotonicNs, wallMs: wallMs)
    }

    /// What a node takes for the members' common time less the true one, in ms; nil where it knows
    /// that its clock is wrong, or not yet what the others' say.
    func clockErrorMs(_ index: Int) -> Int64? {
        guard let clock = self[index].process?.clock, clock.isShared, clock.judgement == .sound
        else { return nil }
        return Int64(now(index).wallMs) - Int64(trueMs)
    }

    /// Whether clients are let in: nobody is before it is known what time the members have.
    func isServing(_ index: Int) -> Bool {
        self[index].process?.clock.isSettled(nowNs: machineNow(index).monotonicNs) ?? false
    }

    /// The clocks of its machine.
    func machineNow(_ index: Int) -> Now {
        let wallMs = Int64(Self.wallStartMs + timeNs / 1_000_000) + self[index].skewMs
        return Now(
            monotonicNs: timeNs + UInt64(index) * 3_600_000_000_000,
            wallMs: UInt64(max(0, wallMs)))
    }

    /// The time of a clock that is right, in ms.
    var trueMs: UInt64 { Self.wallStartMs + timeNs / 1_000_000 }

    /// How a node deals keys out to its loops.
    func sharding(of index: Int) -> Sharding {
        Sharding(shards: shardCount(index), partitioning: sharding.partitioning)
    }

    /// The loops that a node has, or will have when it starts.
    func shardCount(_ index: Int) -> Int { self[index].process?.shards.count ?? self[index].shards }

    func drawProposalID() -> ProposalID {
        lastProposal += 1
        return ProposalID(rawValue: lastProposal)
    }

    /// The first of three ports in a row that nobody has had.
    func drawPort() -> Int {
        lastPort += 3
        return lastPort
    }

    /// Lets `value` count for the fingerprint, as of now.
    func mix(_ value: UInt64) {
        fingerprint = (fingerprint ^ value ^ timeNs &* 0x9E37_79B9_7F4A_7C15) &* 0x100_0000_01B3
        fingerprint ^= fingerprint >> 29
    }

    func mix(_ bytes: [UInt8]) { mix(xxh3(bytes)) }

    /// Whether a rule is broken that no run survives.
    var isBroken: Bool { !violations.isEmpty || agreement.isBroken }

    // MARK: Time

    func plan(_ happening: Happening, inNs delayNs: UInt64 = 0) {
        schedule.plan(happening, atNs: timeNs + delayNs)
    }

    /// Lets everything happen that is due now.
    func settle() { run(untilNs: timeNs) }

    func wait(ms: UInt64) { run(untilNs: timeNs + ms * 1_000_000) }

    private func run(untilNs endNs: UInt64) {
        // A protocol that has broken its promises may do anything.
        while !isBroken {
            let nextNs = min(schedule.nextNs ?? .max, nextTickNs)
            guard nextNs <= endNs else { break }
            timeNs = max(timeNs, nextNs)
            trace.timeNs = timeNs
            if nextTickNs <= timeNs {
                tick()
            } else if let happening = schedule.popFirst() {
                carryOut(happening)
            }
        }
        timeNs = endNs
        trace.timeNs = timeNs
    }

    private func tick() {
        nextTickNs += DataPlane.tickMs * 1_000_000
        ticks += 1
        let ticksControl = ticks % (options.controlTickMs / DataPlane.tickMs) == 0
        let ticksClock = ticks % (CommonClock.tickMs / DataPlane.tickMs) == 0
        let ticksDetector = ticks % (FailureDetector.tickMs / DataPlane.tickMs) == 0
        for index in nodes.indices.map({ $0 + 1 })
        where self[index].isRunning && !self[index].isPaused {
            for shard in 0..<shardCount(index) { post(.ticked, to: index, shard: shard) }
            if ticksControl {
                control(.ticked, at: index)
                tickAddresses(index)
            }
            if ticksDetector { tickDetector(index) }
            if ticksClock { tickClock(index) }
        }
        if ticks.isMultiple(of: 10) { observer?(.sampled) }
        if !options.acknowledgesDurable, ticks % 100 == 0 {
            for index in nodes.indices.map({ $0 + 1 }) { sync(index) }
        }
    }

    private func carryOut(_ happening: Happening) {
        if case .resume(let index) = happening { return resume(index) }
        if self[happening.node].isPaused {
            return self[happening.node].waiting.append(happening)
        }
        switch happening {
        case .arrival(let envelope): arrive(envelope)
        case .pass(let place): runPass(place)
        case .wake(let place, let timeNs): wake(place, timeNs)
        case .stallEnd(let place): endStall(place)
        case .resume: break
        case .loaded(let place, let key, let token):
            guard isAlive(place) else { return }
            post(
                .loaded(key, token: token, read(key, place.node)),
                to: place.node, shard: place.shard)
        case .hintsRead(let place, let event):
            if isAlive(place) { post(event, to: place.node, shard: place.shard) }
        case .synced(let index, let life, let batches):
            if self[index].life == life, self[index].isRunning { synced(index, batches) }
        case .topologyStored(let index, let life):
            if self[index].life == life, self[index].isRunning { topologyStored(index) }
        case .persisted(let index, let life):
            if self[index].life == life, self[index].isRunning { persisted(index) }
        case .restart(let index): start(index)
        }
    }

    func isAlive(_ place: Place) -> Bool {
        self[place.node].isRunning && self[place.node].life == place.life
    }

    // MARK: Members

    static func description(_ index: Int, zones: Int = 0) -> MemberDescription {
        MemberDescription(
            id: UniqueID(high: 0xA, low: UInt64(index)),
            addresses: MemberAddresses(
                peer: "127.0.0.1:\(7000 + 10 * index)", client: "127.0.0.1:\(7001 + 10 * index)",
                admin: "127.0.0.1:\(7002 + 10 * index)"),
            zone: zones == 0 ? "" : "zone-\(index % zones)", weight: MemberDescription.weightDefault
        )
    }
}
