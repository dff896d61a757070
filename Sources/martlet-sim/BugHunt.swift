internal import Essentials
internal import Platform
internal import Simulator
internal import Synchronization

/// Lets the engine make each of the deliberate bugs, and sees that a checker finds it.
struct BugHunt: Sendable {
    /// How one bug fared.
    private enum Outcome: Sendable {
        case caught(PlantedBug.Catch)
        case missed
        case trouble(String)
    }

    private let bugs: [PlantedBug]
    private let firstSeed: UInt64

    init(_ options: Options) throws(Failure) {
        if let name = options.bug {
            bugs = [try Self.bug(named: name)]
        } else {
            bugs = PlantedBug.all
        }
        firstSeed = options.firstSeed ?? 1
    }

    static func bug(named name: String) throws(Failure) -> PlantedBug {
        guard let bug = PlantedBug.all.first(where: { $0.name == name }) else {
            let names = PlantedBug.all.map(\.name).joined(separator: ", ")
            throw .usage("there is no such bug; there are \(names)")
        }
        return bug
    }

    /// Hunts for some at once, and prints what was found; returns whether all were.
    func run(_ options: Options) throws(Failure) -> Bool {
        let outcomes = hunt(jobs: options.jobs)
        for case .trouble(let text) in outcomes { throw .failed(text) }
        Output.write(options.wantsJSON ? json(outcomes).text + "\n" : text(outcomes))
        return outcomes.allSatisfy { if case .caught = $0 { true } else { false } }
    }

    private func hunt(jobs: Int) -> [Outcome] {
        let outcomes = Outcomes(count: bugs.count)
        let pool = WorkerPool(name: "sim", threads: jobs, queueMax: bugs.count)
        for (index, bug) in bugs.enumerated() {
            _ = pool.submit { outcomes.set(index, outcome(of: bug)) }
        }
        pool.shutdown()
        return outcomes.all
    }

    /// What the threads have found so far.
    private final class Outcomes: Sendable {
        private let found: Mutex<[Outcome]>

        init(count: Int) { found = Mutex([Outcome](repeating: .missed, count: count)) }

        func set(_ index: Int, _ outcome: Outcome) { found.withLock { $0[index] = outcome } }

        var all: [Outcome] { found.withLock { $0 } }
    }

    private func outcome(of bug: PlantedBug) -> Outcome {
        do {
            return try bug.hunt(firstSeed: firstSeed).map { .caught($0) } ?? .missed
        } catch {
            return .trouble("bug \(bug.name): \(error)")
        }
    }

    // MARK: Telling

    private func text(_ outcomes: [Outcome]) -> String {
        var rows = [["bug", "what it does", "seeds", "seed", "found by"]]
        for (bug, outcome) in zip(bugs, outcomes) {
            switch outcome {
            case .caught(let caught):
                let checker = caught.finding.checker
                rows.append([bug.name, bug.summary, "\(caught.seeds)", "\(caught.seed)", checker])
            case .missed, .trouble:
                rows.append([bug.name, bug.summary, "\(bug.seedsMax)", "", "NOT FOUND"])
            }
        }
        let missed = rows.count { $0.last == "NOT FOUND" }
        return Output.columns(rows, right: [2, 3])
            + "\n\(bugs.count - missed) of \(bugs.count) deliberate bugs found\n"
    }

    private func json(_ outcomes: [Outcome]) -> JSON {
        .array(
            zip(bugs, outcomes).map { bug, outcome in
                var members = [
                    JSON.Member("bug", .string(bug.name)),
                    JSON.Member("summary", .string(bug.summary)),
                    JSON.Member("seedsMax", .integer(bug.seedsMax)),
                ]
                if case .caught(let caught) = outcome {
                    members += [
                        JSON.Member("seeds", .integer(caught.seeds)),
                        JSON.Member("seed", .exact(caught.seed)),
                        JSON.Member("checker", .string(caught.finding.checker)),
                        JSON.Member("text", .string(caught.finding.text)),
                    ]
                }
                return .object(members)
            })
    }
}
