internal import Essentials
internal import Membership

/// Measures a failure detector: a few runs, each with one fault.
public struct DetectorStudy {
    let nodes: Int
    /// Of a hundred messages, so many are lost.
    let lossPercent: Int
    let seed: UInt64

    private static let warmUpMs: UInt64 = 15_000
    private static let healthyMs: UInt64 = 30_000
    private static let patienceMs: UInt64 = 60_000
    private static let pauseMs: UInt64 = 20_000
    /// Longer than the longest suspicion among 500.
    private static let cutMs: UInt64 = 30_000

    public init(nodes: Int, lossPercent: Int, seed: UInt64 = 1) {
        self.nodes = nodes
        self.lossPercent = lossPercent
        self.seed = seed
    }

    public func run() -> DetectorFigures {
        var figures = DetectorFigures(
            nodes: nodes, lossPercent: lossPercent, messages: 0, messagesMax: 0, bytes: 0,
            messageSizeMax: 0, falseSuspicions: 0, falseDeaths: 0, starvedDeaths: 0,
            pausedDeaths: 0)
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
        let accusationsBefore = simulation.accusationCount
        simulation.run(ms: Self.healthyMs)
        let seconds = Double(Self.healthyMs) / 1000
        let sent = zip(simulation.messageCounts, before).map { Double($0 - $1) / seconds }
        figures.messages = sent.reduce(0, +) / Double(nodes)
        figures.messagesMax = sent.max() ?? 0
        figures.bytes = Double(simulation.byteCount - bytesBefore) / seconds / Double(nodes)
        figures.messageSizeMax = simulation.messageSizeMax
        let accusations = Double(simulation.accusationCount - accusationsBefore)
        figures.falseSuspicions = accusations / Double(nodes) / seconds * 3600
        figures.falseDeaths = Self.deadCount(simulation.judgements[judgementsBefore...])
    }

    /// Members that somebody took for dead: each counts once, whoever shared the error.
    private static func deadCount(
        _ judgements: ArraySlice<DetectorSimulation.Judgement>
    ) -> Int {
        Set(judgements.lazy.filter { $0.liveness == .dead }.map(\.of)).count
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
        figures.starvedDeaths = Self.deadCount(others[...])
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
        simulation.run(ms: Self.cutMs)
        simulation.heal()
        figures.healedMs = simulation.run(msMax: 2 * Self.patienceMs) { $0.missingCount == 0 }
    }
}
