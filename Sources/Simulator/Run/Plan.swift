internal import Engine
internal import Essentials

/// What a seed draws before anything happens: the cluster, its clients, and what may go wrong.
struct Plan {
    /// Clocks are wrong by no more than this, in ms; within the drift that stamps may have, mostly.
    static let skewMsMax = 2000

    /// Bounds of what is under way that some runs reach.
    private static let boundTight = 4

    var options = Cluster.Options()
    var keyspaces: KeyspacePlan
    var sessions: Int
    var keysPerKind: Int
    /// Zipf's exponent, in tenths: 0 asks for all keys alike.
    var skewTenths: Int
    var steps: Int
    /// The longest time between two steps, in ms.
    var stepMsMax: Int
    var faults: [Fault]
    /// One step in so many brings a fault.
    var faultOneIn: Int
    /// Whether the run goes on with a flush and changes of the members.
    var hasSecondPart: Bool
    /// Clients that send many commands at once; nil for none.
    var pipelines: PipelinePlan?
    /// What a run about agreement does besides; nil for one about data.
    var storm: StormPlan?

    init(seed: UInt64, _ mistake: Mistake, random: inout SeededRandom) {
        switch RunKind(of: seed) {
        case .data, .pipelines: self.init(dataOf: seed, mistake, random: &random)
        case .agreement: self.init(stormOf: seed, mistake, random: &random)
        }
    }

    private init(dataOf seed: UInt64, _ mistake: Mistake, random: inout SeededRandom) {
        func draw<Value>(_ values: [Value], _ random: inout SeededRandom) -> Value {
            values[Int.random(in: 0..<values.count, using: &random)]
        }
        options.seed = seed
        options.hasDetectors = true
        options.plant(mistake)
        options.nodes = draw([1, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9], &random)
        options.n = draw([1, 2, 3, 3, 3, 3, 3, 4, 5], &random)
        options.zones = draw([0, 0, 2, 3], &random)
        options.partitions = draw([64, 64, 64, 128], &random)
        options.shards = draw([1, 1, 2, 3], &random)
        options.acknowledgesDurable = !random.oneIn(3)
        options.cacheBytesMax = draw([800, 16_000, 1 << 20], &random)
        options.contextActorsMax = draw([50, 50, 50, 50, 50, 5], &random)
        options.confirmsEpoch = true
        options.hintBytesMax = draw([1 << 20, 1 << 20, 1 << 20, 1500], &random)
        options.hintAgeMsMax = draw([60_000, 60_000, 60_000, 1000], &random)
        options.driftMsMax = draw([60_000, 60_000, 1000], &random)
        if random.oneIn(8) { options.inFlightMax = draw([Self.boundTight, 2], &random) }
        if random.oneIn(8) { options.parkedMax = draw([Self.boundTight, 2], &random) }
        options.waitMsMax = draw([0, 10, 20, 50], &random)
        var weather = Weather()
        weather.messageMs = draw([0, 2, 10, 30], &random)
        weather.passMs = draw([0, 1, 5], &random)
        weather.loadMs = draw([0, 0, 5], &random)
        weather.syncMs = draw([0, 3, 30], &random)
        options.weather = weather
        let replicas = min(options.n, options.nodes)
        let majority = replicas / 2 + 1
        let timeoutMs = draw([60, 100, 300], &random) as UInt32
        keyspaces = KeyspacePlan(seed: seed, replicas: replicas)
        var consistency: Consistency
        switch Int.random(in: 0..<6, using: &random) {
        case 0: consistency = Consistency(r: 1, w: 1, timeoutMs: timeoutMs)
        case 1: consistency = Consistency(r: 1, w: replicas, timeoutMs: timeoutMs)
        case 2, 3:
            consistency = Consistency(
                r: majority, w: majority, pr: majority, pw: majority, timeoutMs: timeoutMs)
        default: consistency = Consistency(r: majority, w: majority, timeoutMs: timeoutMs)
        }
        options.consistency = consistency
        sessions = Int.random(in: 2...8, using: &random)
        keysPerKind = Int.random(in: 1...6, using: &random)
        skewTenths = draw([0, 8, 10, 15], &random)
        steps = draw([150, 250, 250, 400], &random)
        stepMsMax = draw([5, 10, 20], &random)
        let often = Int.random(in: 2...6, using: &random)
        faults = Fault.allCases.filter { _ in random.oneIn(often) }
        faultOneIn = draw([4, 8, 15, 40], &random)
        hasSecondPart = random.oneIn(4)
        options.valueSizeMax = draw([16 << 20, 1000, 4096], &random)
        if random.oneIn(8) { options.mailboxMax = draw([20, 100], &random) }
        if random.oneIn(12) { options.bounds.writeBytes = draw([300, 2000], &random) }
        if random.oneIn(12) { options.bounds.parkedBytes = draw([20, 500], &random) }
        if random.oneIn(12) { options.bounds.lingering = draw([0, 3], &random) }
        if random.oneIn(12) { options.bounds.siblings = draw([2, 8], &random) }
        if random.oneIn(12) { options.bounds.tokenExceptions = draw([0, 3], &random) }
        if case .pipelines = RunKind(of: seed) {
            pipelines = PipelinePlan(
                &random, valueSizeMax: options.valueSizeMax, siblingKeys: keysPerKind)
        }
    }

    /// Whether so little may be under way that requests must come one after the other to succeed.
    var isTight: Bool {
        min(options.inFlightMax, options.parkedMax) <= Self.boundTight
            || options.bounds.writeBytes != nil || options.bounds.parkedBytes != nil
            || options.mailboxMax < 1000
    }

    /// For people, in the order in which it matters.
    var text: String {
        let wal = options.acknowledgesDurable ? "always" : "relaxed"
        let names = (faults.map(\.name) + (storm?.faults.map(\.name) ?? []))
            .joined(separator: ", ")
        if storm != nil {
            return "agreement: nodes \(options.nodes), zones \(options.zones), "
                + "voters \(options.voters)\(options.startsFormed ? " and more" : ""); "
                + "faults: \(names)"
        }
        return "nodes \(options.nodes), n \(options.n), zones \(options.zones), "
            + "Q \(options.partitions), shards \(options.shards), wal-sync \(wal), "
            + "r \(options.consistency.r), w \(options.consistency.w), "
            + "pr \(options.consistency.pr), pw \(options.consistency.pw), "
            + "keyspaces \(keyspaces.text), actors \(options.contextActorsMax), "
            + "sessions \(sessions), pipelines \(pipelines?.clients ?? 0); faults: \(names)"
    }
}
