internal import Consensus
internal import Engine

/// A mistake that the engine can make on purpose, and how far the simulator may have to search for
/// it: what shows that the checkers would find it if somebody made it by accident.
public struct PlantedBug: Sendable {
    public let name: String
    /// What goes wrong, in one line.
    public let summary: String
    /// Seeds in which it must be found. About ten times what was needed when this was written.
    public let seedsMax: Int
    /// Which runs may find it.
    private let kind: RunKind
    private let mistake: Mistake

    /// How a bug was found.
    public struct Catch: Sendable {
        public var seed: UInt64
        /// Seeds that were run, this one included: those of the kind that may find it.
        public var seeds: Int
        public var finding: Finding
    }

    public static let all =
        DeliberateBug.allCases.compactMap { PlantedBug($0) }
        + DeliberateRaftBug.allCases.compactMap { PlantedBug($0) }

    private init?(_ bug: DeliberateBug) {
        guard bug != .none else { return nil }
        mistake = .ofShards(bug)
        kind = .data
        name = "\(bug)"
        (summary, seedsMax) = Self.description(of: bug)
    }

    private init?(_ bug: DeliberateRaftBug) {
        guard bug != .none else { return nil }
        mistake = .ofLog(bug)
        kind = .agreement
        name = "\(bug)"
        (summary, seedsMax) = Self.description(of: bug)
    }

    /// Runs seeds until one breaks a rule; nil if none of `seedsMax` does.
    public func hunt(firstSeed: UInt64) throws -> Catch? {
        var seeds = 0
        var seed = firstSeed
        while seeds < seedsMax {
            defer { seed &+= 1 }
            let kind = RunKind(of: seed)
            guard kind == self.kind || kind == .pipelines && self.kind == .data else { continue }
            seeds += 1
            let result = try run(seed: seed)
            guard let finding = result.findings.first else { continue }
            // A run that breaks without the mistake, too, shows nothing of it.
            guard try SimulationResult(running: seed).findings.isEmpty else { continue }
            return Catch(seed: seed, seeds: seeds, finding: finding)
        }
        return nil
    }

    /// Runs one seed on engines that make the mistake.
    public func run(seed: UInt64, eventsMax: Int = 0) throws -> SimulationResult {
        try SimulationResult(running: seed, with: mistake, eventsMax: eventsMax)
    }

    private static func description(of bug: DeliberateBug) -> (String, Int) {
        switch bug {
        case .none: ("nothing", 0)
        case .skipsTrustHorizon:
            ("a node counts on under its actor after it may have forgotten dots", 300)
        case .reusesDot: ("a write takes the dot of the write before it", 30)
        case .lastWriterWins: ("merging keeps only the value with the latest stamp", 30)
        case .overwritesInsteadOfMerging: ("a replica takes what it is sent as it is", 30)
        case .answersBeforeSync: ("replicas acknowledge what no fsync covers yet", 100)
        case .answersBeforeQuorum: ("w - 1 replicas are enough for a write", 30)
        case .countsFallbacksForPw: ("a fallback counts for pw", 100)
        case .dropsHintsEarly: ("a hint goes when it is sent", 200)
        case .dropsChangedHints: ("a hint goes though it has changed since it was sent", 1000)
        case .forgetsHintsAtStart: ("a node that starts forgets the hints it has kept", 100)
        case .countsRefusals: ("a replica that refuses counts as one that has stored", 100)
        case .readsBelowQuorum: ("r - 1 replicas are enough for a read", 200)
        case .tombstoneDropsContext: ("a deletion forgets what the key had seen", 30)
        case .putIgnoresContext: ("DPUT replaces nothing", 30)
        case .putCoversUnseen: ("DPUT replaces what its client never saw", 50)
        case .expiryDropsEntries: ("expiry takes away dots, not only their values", 100)
        case .skipsReadRepair: ("stale replicas are left stale by reads", 400)
        case .repairsAfterAnswer: ("quorum reads answer before they have repaired", 15_000)
        case .takesCorruptForAbsent: ("a corrupt record counts as one never written", 2000)
        case .forwardsTwice: ("a command that may have run is sent to another node", 300)
        case .forwardsOutOfOrder: ("a pipeline's commands are forwarded side by side", 1000)
        case .beginsLate: ("a forwarded command is begun after it was given up", 1000)
        case .takesTwice: ("a forwarded command that comes twice runs twice", 300)
        case .ignoresEpochFence: ("a replica serves a coordinator of another topology", 300)
        case .standInGoesOn: ("a fallback that coordinates goes on under an actor of hints", 4000)
        case .standInCountsEarly: ("a fallback's own hint counts before it is written", 100)
        case .continuesLife: ("a node on a disk that was put back goes on under its actors", 5000)
        case .ignoresKeyspaceW: ("writes go by the node's w, whatever their keyspace says", 30)
        case .ignoresPw: ("writes go without the primaries that they were to reach", 100)
        case .ignoresPr: ("reads go without the primaries that they were to ask", 2000)
        case .getAsksNobody: ("GET looks at its coordinator's own copy only", 1000)
        case .deleteAsksNobody: ("DEL looks at its coordinator's own copy only", 1000)
        case .conditionAsksNobody: ("SET NX, XX, GET and KEEPTTL look at one copy only", 1000)
        case .deadlineAsksNobody: ("EXPIRE and PERSIST look at one copy only", 2000)
        case .changeAsksNobody: ("APPEND and SETRANGE look at one copy only", 1000)
        case .repliesBeforeSync: ("a read shows what no fsync covers yet", 5000)
        case .checksBeforeSync: ("a replica answers a read with what no fsync covers yet", 5000)
        case .handsOverBeforeStoring: ("hints are confirmed before they are written", 2000)
        case .hintsBeforeStoring: ("a fallback confirms a hint before it is written", 300)
        case .readsShowUnderWay: ("reads show writes that no other replica has yet", 5000)
        case .countsOwnEarly: ("a coordinator counts its copy before it is written", 100)
        case .answersLateReads: ("late reads are answered by fewer than r", 1000)
        case .acknowledgesAtDeadline: ("a write whose time is over is acknowledged", 100)
        case .prunesLiveActors: ("a full context forgets actors whose values live", 1000)
        case .overtakesWaiting: ("a command goes before those of its connection that wait", 1000)
        case .readsOvertakeWrites: ("a read goes before a write of its connection", 1000)
        case .flushKeepsMemory: ("what a flush drops stays in memory", 300)
        case .takesFlushed: ("what was written before a flush is taken from peers", 2000)
        case .keepsNothingAtDeadline: ("no hint is kept for who lets a write time out", 300)
        case .keepsNothingAfterAnswer: ("no hint is kept for who fails after the answer", 300)
        case .dropsRefusedHints: ("hints that were refused go as if they were taken", 1000)
        case .setCoversNothing: ("SET leaves siblings beside its value", 30)
        case .standInGuesses: ("a fallback that knows nothing says that there is nothing", 2000)
        case .evictsUnwritten: ("what is not written yet is dropped from memory", 300)
        case .standInReusesActors: ("a fallback counts on under an actor of earlier lives", 300)
        case .ignoresUncovered: ("an overwrite leaves what its coordinator had not known", 5000)
        case .coversWhatCameAfter: ("commands that read remove what came after they had", 5000)
        case .actsInContests: ("commands build on what an overwrite may yet remove", 5000)
        case .coversAtOnce: ("what an overwrite leaves goes, though it may be later", 5000)
        case .looksWhereWritten: ("a member is looked for only where the topology has it", 300)
        default: furtherDescription(of: bug)
        }
    }

    /// Of those that are about clocks and stamps, damage and flushes.
    private static func furtherDescription(of bug: DeliberateBug) -> (String, Int) {
        switch bug {
        case .ignoresSeenStamps: ("a write's stamp may be before what it replaces", 5000)
        case .trustsOwnClock: ("a node goes by its own clock, whatever the others' say", 100)
        case .flushesAtOwnTime: ("a flush takes the time as it is for its stamp", 5000)
        case .healsFromOne: ("a damaged record is healed from whoever answers first", 5000)
        case .healsUnderOldActor: ("a healed record goes on under its old actor", 5000)
        case .servesUnconfirmed: ("a node that was away serves what was flushed", 5000)
        case .takesCutForForgotten: ("what was cut from a context is taken for forgotten", 5000)
        // Found in no seed: `--bugs` fails.
        default: ("not described", 0)
        }
    }

    private static func description(of bug: DeliberateRaftBug) -> (String, Int) {
        switch bug {
        case .none: ("nothing", 0)
        case .forgetsVote: ("a vote is not written down, only its term", 3000)
        case .sendsBeforeStoring: ("messages leave before what they speak of is stored", 1500)
        case .ignoresLogAge: ("a vote is given whatever the candidate's log lacks", 300)
        case .countsLearners: ("what a learner has counts as what a voter has", 1000)
        case .commitsEarlierTerms:
            ("entries of earlier terms are committed by counting who has them", 2000)
        case .truncatesTooMuch: ("a late message takes away the entries after its own", 300)
        case .confirmsTooMuch: ("a follower confirms what its leader has not seen", 300)
        case .adoptsVotersLate: ("other voters are in force only when committed", 500)
        case .changesVotersEarly:
            ("a leader changes voters before it has committed anything", 6000)
        case .changesVotersAtOnce: ("several voters come and go in one step", 500)
        case .trustsRestoredLog:
            ("a node on a restored disk goes on with its old votes and log", 5000)
        case .answersAnswers: ("what a member that has left answers is answered", 5000)
        }
    }
}

/// Which of the machines makes a mistake on purpose.
enum Mistake: Sendable {
    case none
    case ofShards(DeliberateBug)
    case ofLog(DeliberateRaftBug)
}

extension Cluster.Options {
    mutating func plant(_ mistake: Mistake) {
        switch mistake {
        case .none: break
        case .ofShards(let bug): self.bug = bug
        case .ofLog(let bug): control.bug = bug
        }
    }
}
