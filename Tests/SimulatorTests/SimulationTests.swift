import Simulator
import Synchronization
import Testing

/// Whole clusters, drawn from seeds. Fresh ones are run by `martlet-sim`, from `tools/test`.
@Suite struct SimulationTests {
    private static let seeds = (0..<120 as Range<UInt64>).filter { RunKind(of: $0).isUsual }
    /// What only pipelines bring about counts, too.
    private static let pipelineSeeds: [UInt64] = (0..<40).filter { RunKind(of: $0) == .pipelines }
    /// A run is the most expensive thing here, and one serves several tests.
    private static let results = Mutex<[UInt64: SimulationResult]>([:])

    private static func result(_ seed: UInt64) throws -> SimulationResult {
        if let known = results.withLock({ $0[seed] }) { return known }
        let result = try SimulationResult(running: seed)
        results.withLock { $0[seed] = result }
        return result
    }

    @Test(arguments: seeds) func `every rule is kept`(seed: UInt64) throws {
        let result = try Self.result(seed)
        #expect(result.findings == [], "seed \(seed): \(result.plan)")
    }

    @Test(arguments: [3, 1 << 40] as [UInt64])
    func `a seed gives the same run, with its events or without`(seed: UInt64) throws {
        let one = try Self.result(seed)
        let traced = try SimulationResult(running: seed, eventsMax: 100)
        #expect(one.fingerprint == traced.fingerprint)
        #expect(one.exercise == traced.exercise)
        #expect(traced.events.count == 100)
    }

    @Test func `different seeds give different runs`() throws {
        let prints = try (0..<5).map { try Self.result($0).fingerprint }
        #expect(Set(prints).count == 5)
    }

    /// From the last seed on, to meet the runs of the other test in the middle.
    @Test func `every checker sees its case, and every kind of fault is made`() throws {
        var exercise = Exercise()
        for seed in Self.pipelineSeeds + Self.seeds.reversed() {
            exercise.add(try Self.result(seed).exercise)
        }
        #expect(exercise.checks.rows.filter { $0.count == 0 }.map(\.name) == [])
        #expect(exercise.agreement.rows.filter { $0.count == 0 }.map(\.name) == [])
        #expect(exercise.faults.rows.count == Exercise.faultKinds)
        #expect(exercise.engine["overloads"] > exercise.engine["delayRefusals"])
        #expect(exercise.engine["delayRefusals"] > 0)
    }
}
