internal import Consensus
internal import Engine
internal import Essentials
internal import Membership

/// What a seed draws besides for a run about agreement.
struct StormPlan {
    var faults: [StormFault]
    /// One step in so many brings one of those.
    var faultOneIn: Int
    /// A process that has ended is started in one step of so many.
    var startOneIn: Int
    var joins: Int
    /// Members that may be removed.
    var leavers: [Int]
}

extension Plan {
    /// A run about agreement: hardly any data, and everything that the log of the members does is
    /// done much faster than in a server.
    init(stormOf seed: UInt64, _ mistake: Mistake, random: inout SeededRandom) {
        func draw<Value>(_ values: [Value], _ random: inout SeededRandom) -> Value {
            values[Int.random(in: 0..<values.count, using: &random)]
        }
        options.seed = seed
        options.nodes = draw([3, 3, 3, 3, 4, 4, 4, 5, 5, 7, 9], &random)
        options.zones = draw([0, 0, 2, 3], &random)
        options.voters = min(draw([1, 1, 2, 3, 5, 7], &random), options.nodes)
        options.startsFormed = random.oneIn(3)
        options.controlTickMs = 10
        options.control.timing = RaftTiming(
            heartbeatNs: 30_000_000, learnerHeartbeatNs: 50_000_000, electionNsMin: 100_000_000,
            electionNsMax: draw([105, 130, 200], &random) * 1_000_000, chunkNs: 50_000_000)
        options.control.limits = RaftLimits(
            messageSizeMax: draw([1, 1, 256 << 10], &random),
            inFlightMax: draw([1, 1, 8], &random), logEntriesMax: draw([4, 16, 128, 128], &random),
            chunkSize: draw([300, 256 << 10], &random))
        options.plant(mistake)
        options.weather.messageMs = draw([1, 5, 20, 60], &random)
        options.weather.passMs = draw([0, 1, 5], &random)
        options.weather.syncMs = draw([0, 3, 20, 60], &random)
        keyspaces = KeyspacePlan(seed: seed, replicas: min(options.n, options.nodes))
        sessions = 0
        keysPerKind = 1
        skewTenths = 0
        hasSecondPart = false
        steps = draw([300, 600, 900], &random)
        stepMsMax = draw([10, 20, 40], &random)
        let often = Int.random(in: 2...6, using: &random)
        faults = Self.stormFaults.filter { _ in random.oneIn(often) }
        // Open (`Electorate.meeting`): where voters come and go meanwhile, whose disk was put back
        // may help somebody to lead without what was agreed on.
        if case .none = mistake { faults.removeAll { $0 == .diskPutBack } }
        faultOneIn = draw([8, 15, 40, 100], &random)
        let oftenAimed = Int.random(in: 1...4, using: &random)
        let leavers = Array(1...options.nodes).shuffled(using: &random)
        storm = StormPlan(
            faults: StormFault.allCases.filter { _ in random.oneIn(oftenAimed) },
            faultOneIn: draw([3, 6, 12], &random), startOneIn: draw([2, 5, 20], &random),
            joins: draw([0, 1, 2, 4], &random),
            leavers: Array(leavers.prefix(Int.random(in: 0...options.nodes - 2, using: &random))))
    }

    /// Those that have to do with the log.
    private static let stormFaults: [Fault] = [
        .cut, .oneWayCut, .isolation, .split, .flapping, .reconnect, .loss, .duplication, .delay,
        .pause, .crash, .crashInPass, .blackout, .stop, .slowDisk, .addressChange, .rivalAdmins,
        .exchangedAddresses, .takenAddress, .diskPutBack,
    ]
}
