internal import Essentials
internal import Membership

/// What a failure detector of so many nodes costs and how well it sees, measured in virtual time.
struct DetectorFigures: Sendable {
    var nodes: Int
    var lossPercent: Int
    /// Sent by each node in a second of good health: in the mean, and by the busiest.
    var messages: Double
    var messagesMax: Double
    var bytes: Double
    /// The largest message that is no comparison of all members, in bytes.
    var messageSizeMax: Int
    /// From a crash until the first suspects the node, takes it for dead, and until all do, in ms;
    /// nil: not within a minute.
    var suspectedMs: UInt64?
    var deadMs: UInt64?
    var everywhereMs: UInt64?
    /// Members that were suspected, and taken for dead, though nothing was wrong with them: a
    /// thousand node-minutes of good health.
    var falseSuspicions: Double
    var falseDeaths: Double
    /// The same, of others than the node, while one node gets processor time for an eighth only.
    var starvedSuspicions: Int
    var starvedDeaths: Int
    /// After a node stood still for 20 s: how many others it took for dead, and how long until all
    /// take it for alive again, in ms.
    var pausedDeaths: Int
    var resumedMs: UInt64?
    /// After a cut through the middle has healed: until everybody takes everybody for alive, in ms.
    var healedMs: UInt64?
}

/// Measures a failure detector: a few runs, each with one fault.
struct DetectorStudy {
    let nodes: Int
    let lossPercent: Int
    let seed: UInt64

    private static let warmUpMs: UInt64 = 5_000
    private static let healthyMs: UInt64 = 60_000
    private static let patienceMs: UInt64 = 60_000
    private static let pauseMs: UInt64 = 20_000

    init(nodes: Int, lossPercent: Int, seed: UInt64 = 1) {
        self.nodes = nodes
        self.lossPercent = lossPercent
        self.seed = seed
    }

    func run() -> DetectorFigures {
        var figures = DetectorFigures(
            nodes: nodes, lossPercent: lossPercent, messages: 0, messagesMax: 0, bytes: 0,
            messageSizeMax: 0, falseSuspicions: 0, falseDeaths: 0, starvedSuspicions: 0,
            starvedDeaths: 0, pausedDeaths: 0)
        measureHealth(&figures)
        measureCrash(&figures)
        measureStarvation(&figures)
        measurePause(&figures)
        measureCut(&figures)
        return figures
    }

    private func begin() -> DetectorSimulation {
        var simulation = DetectorSimulation(
            nodes: nodes, seed: seed, .init(lossPercent: lossPercent))
        simulation.run(ms: Self.warmUpMs)
        return simulation
    }

    private func measureHealth(_ figures: inout DetectorFigures) {
        var simulation = begin()
        let before = simulation.messageCounts
        let bytesBefore = simulation.byteCount
        let judgementsBefore = simulation.judgements.count
        simulation.run(ms: Self.healthyMs)
        let seconds = Double(Self.healthyMs) / 1000
        let sent = zip(simulation.messageCounts, before).map { Double($0 - $1) / seconds }
        figures.messages = sent.reduce(0, +) / Double(nodes)
        figures.messagesMax = sent.max() ?? 0
        figures.bytes = Double(simulation.byteCount - bytesBefore) / seconds / Double(nodes)
        figures.messageSizeMax = simulation.messageSizeMax
        let nodeMinutes = Double(nodes) * seconds / 60
        let judgements = simulation.judgements[judgementsBefore...]
        figures.falseSuspicions = 1000 * Self.subjects(judgements, .suspect) / nodeMinutes
        figures.falseDeaths = 1000 * Self.subjects(judgements, .dead) / nodeMinutes
    }

    /// Members that somebody took for `liveness`: each counts once, whoever shared the error.
    private static func subjects(
        _ judgements: ArraySlice<DetectorSimulation.Judgement>, _ liveness: Liveness
    ) -> Double {
        Double(Set(judgements.filter { $0.liveness == liveness }.map(\.of)).count)
    }

    private func measureCrash(_ figures: inout DetectorFigures) {
        var simulation = begin()
        let crashNs = simulation.timeNs
        let before = simulation.judgements.count
        simulation.crash(0)
        figures.everywhereMs = simulation.run(msMax: Self.patienceMs) {
            $0.areAgreed(.dead, of: 0)
        }
        let judgements = simulation.judgements[before...].filter { $0.of == 0 }
        func first(_ liveness: Liveness) -> UInt64? {
            judgements.first { $0.liveness == liveness }
                .map { ($0.timeNs - crashNs) / 1_000_000 }
        }
        figures.suspectedMs = first(.suspect)
        figures.deadMs = first(.dead)
    }

    private func measureStarvation(_ figures: inout DetectorFigures) {
        var simulation = begin()
        let before = simulation.judgements.count
        for _ in 0..<Self.healthyMs / 800 {
            simulation.pause(0, forMs: 700)
            simulation.run(ms: 800)
        }
        let others = simulation.judgements[before...].filter { $0.of != 0 }
        figures.starvedSuspicions = others.count { $0.liveness == .suspect }
        figures.starvedDeaths = others.count { $0.liveness == .dead }
    }

    private func measurePause(_ figures: inout DetectorFigures) {
        var simulation = begin()
        simulation.pause(0, forMs: Self.pauseMs)
        simulation.run(ms: Self.pauseMs - 1)
        let before = simulation.judgements.count
        figures.resumedMs = simulation.run(msMax: Self.patienceMs) { $0.areAgreed(.alive, of: 0) }
        simulation.run(ms: Self.warmUpMs)
        figures.pausedDeaths = simulation.judgements[before...].count {
            $0.by == 0 && $0.liveness == .dead
        }
    }

    private func measureCut(_ figures: inout DetectorFigures) {
        var simulation = begin()
        simulation.cut(nodes / 2)
        simulation.run(ms: 2 * Self.pauseMs)
        simulation.heal()
        figures.healedMs = simulation.run(msMax: 2 * Self.patienceMs) { $0.isHealthy }
    }
}
