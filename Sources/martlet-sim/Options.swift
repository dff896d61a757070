internal import Platform
internal import Simulator

/// What the program does, as the command line says it.
struct Options: Sendable, Equatable {
    static let seedsDefault = 100

    /// Seeds to run, counted from `firstSeed`; nil where `seconds` says how long.
    var seeds: Int? = seedsDefault
    /// Run fresh seeds until so much time has passed.
    var seconds: Int?
    /// Run only seeds of this kind.
    var kind: RunKind?
    /// Nil: drawn from the system.
    var firstSeed: UInt64?
    /// Run this one, and show how it went.
    var seed: UInt64?
    var jobs = HostFacts.processorCount
    /// How many of a run's last events to print.
    var events = 60
    var wantsTrace = false
    var wantsJSON = false
    var wantsBugs = false
    /// The one deliberate bug to hunt for.
    var bug: String?
    var wantsHelp = false
    var wantsVersion = false

    static let help = """
        Usage: martlet-sim [OPTION]...
               martlet-sim detector [--nodes N,...] [--loss PERCENT] [--json]

        Runs whole clusters of Martlet's engine in one process, in virtual time, and lets
        everything go wrong: networks, disks, clocks, processes. Each run is drawn from one seed,
        and the same seed always gives the same run. At the end it says what was put to the test.

          --seeds N         run N seeds (default \(seedsDefault))
          --seconds S       run seeds for S seconds instead
          --first-seed S    begin with seed S (default: drawn by chance, and printed)
          --kind KIND       only seeds of one kind: data, agreement (who leads and votes, while
                            members come and go), or pipelines (clients that send hundreds of
                            commands at once; without --kind these are left out)
          --seed N          run seed N alone, and print its last events if a rule is broken
          --trace           with --seed: print the last events in any case
          --events N        how many events to print (default 60)
          --jobs J          run J seeds at once (default: one a processor)
          --bugs            make each of the deliberate bugs in turn, and see that it is found
          --bug NAME        the same with one of them; with --seed: run that seed with it
          --json            print the summary as JSON
          --help, -h        print this
          --version         print the version

        'detector' measures failure detectors alone: what they cost and how soon they see, for each
        number of nodes (default 5,20,50,100; 500 take a minute) and share of lost messages (default
        0, then 10).

        Exit status: 0 every rule was kept (or, with --bugs, every bug was found), 1 not so,
        2 wrong usage.

        """

    /// Reads the command line, without the program's name.
    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        var given: Set<String> = []
        while let argument = rest.popFirst() {
            let parts = argument.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = String(parts[0])
            given.insert(name)
            if try takeFlag(name) {
                guard parts.count == 1 else { throw .usage("'\(name)' takes no value") }
                continue
            }
            guard Self.valued.contains(name) else { throw .usage("unknown option '\(argument)'") }
            guard let value = parts.count == 2 ? String(parts[1]) : rest.popFirst() else {
                throw .usage("'\(name)' needs a value")
            }
            try take(name, value)
        }
        try check(given)
    }

    private static let valued = [
        "--seeds", "--seconds", "--kind", "--first-seed", "--seed", "--events", "--jobs", "--bug",
    ]

    private mutating func takeFlag(_ name: String) throws(Failure) -> Bool {
        switch name {
        case "--trace": wantsTrace = true
        case "--json": wantsJSON = true
        case "--bugs": wantsBugs = true
        case "--help", "-h": wantsHelp = true
        case "--version": wantsVersion = true
        default: return false
        }
        return true
    }

    private mutating func take(_ name: String, _ value: String) throws(Failure) {
        switch name {
        case "--seeds": seeds = try Self.number(name, value, 1...10_000_000)
        case "--seconds":
            seconds = try Self.number(name, value, 1...1_000_000)
            seeds = nil
        case "--kind":
            kind = RunKind(rawValue: value)
            guard kind != nil else {
                let names = RunKind.allCases.map(\.rawValue).joined(separator: " or ")
                throw .usage("'--kind' is \(names)")
            }
        case "--first-seed": firstSeed = try Self.seed(name, value)
        case "--seed": seed = try Self.seed(name, value)
        case "--bug":
            bug = value
            wantsBugs = true
        case "--events": events = try Self.number(name, value, 1...1_000_000)
        default: jobs = try Self.number(name, value, 1...1024)
        }
    }

    private func check(_ given: Set<String>) throws(Failure) {
        for (one, other) in [
            ("--seeds", "--seconds"), ("--seed", "--seeds"), ("--seed", "--seconds"),
            ("--seed", "--first-seed"), ("--seed", "--bugs"), ("--bugs", "--seeds"),
            ("--bugs", "--seconds"), ("--bug", "--bugs"),
            ("--bug", "--seeds"), ("--bug", "--seconds"), ("--kind", "--seed"),
            ("--kind", "--bugs"), ("--kind", "--bug"),
        ] where given.contains(one) && given.contains(other) {
            throw .usage("'\(one)' and '\(other)' exclude each other")
        }
        if wantsTrace, seed == nil { throw .usage("'--trace' needs '--seed'") }
    }

    private static func number(
        _ name: String, _ text: String, _ range: ClosedRange<Int>
    ) throws(Failure) -> Int {
        guard let number = Int(text), range.contains(number) else {
            throw .usage("'\(name)' is a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    private static func seed(_ name: String, _ text: String) throws(Failure) -> UInt64 {
        guard let number = UInt64(text) else {
            throw .usage("'\(name)' is a number from 0 to \(UInt64.max)")
        }
        return number
    }
}
