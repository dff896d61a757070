import Simulator
import Testing

/// Whole clusters, drawn from seeds. Fresh ones are run by `martlet-sim`, from `tools/test`.
@Suite struct SimulationTests {
    @Test(arguments: 0..<60) func `every rule is kept`(seed: UInt64) throws {
        let result = try SimulationResult(running: seed)
        #expect(result.findings == [], "seed \(seed): \(result.plan)")
    }

    @Test(arguments: [3, 1 << 40] as [UInt64])
    func `a seed gives the same run, with its events or without`(seed: UInt64) throws {
        let one = try SimulationResult(running: seed)
        let other = try SimulationResult(running: seed)
        let traced = try SimulationResult(running: seed, eventsMax: 100)
        #expect(one.fingerprint == other.fingerprint)
        #expect(one.fingerprint == traced.fingerprint)
        #expect(one.exercise == other.exercise)
        #expect(traced.events.count == 100)
    }

    @Test func `different seeds give different runs`() throws {
        let prints = try (0..<5).map { try SimulationResult(running: $0).fingerprint }
        #expect(Set(prints).count == 5)
    }

    @Test func `every checker sees its case`() throws {
        var exercise = Exercise()
        for seed in 25..<55 as Range<UInt64> {
            exercise.add(try SimulationResult(running: seed).exercise)
        }
        #expect(exercise.checks.rows.filter { $0.count == 0 }.map(\.name) == [])
        #expect(exercise.faults.rows.count > 15)
    }
}
