internal import Essentials
internal import Glibc
internal import Platform
internal import Simulator

/// Runs clusters in virtual time, from seeds.
@main struct MartletSim {
    static func main() {
        CommandLineTool.main("martlet-sim") { arguments throws(Failure) in try run(arguments) }
    }

    private static func run(_ arguments: [String]) throws(Failure) -> ExitStatus {
        if arguments.first == "detector" {
            let command = try DetectorCommand(arguments.dropFirst())
            command.run()
            return .done
        }
        let options = try Options(arguments)
        if options.wantsHelp || options.wantsVersion {
            let version = "martlet-sim \(Release.version)\n"
            Output.write(options.wantsHelp ? Options.help : version)
            return .done
        }
        if let seed = options.seed { return try runOne(seed, options) }
        if options.wantsBugs {
            let hunt = try BugHunt(options)
            return try hunt.run(options) ? .done : .failed
        }
        return try soak(options)
    }

    private static func runOne(_ seed: UInt64, _ options: Options) throws(Failure) -> ExitStatus {
        let bug = try options.bug.map { name throws(Failure) in try BugHunt.bug(named: name) }
        var result = try simulate(seed, with: bug)
        if !result.findings.isEmpty || options.wantsTrace {
            // The same run again, this time with its events.
            result = try simulate(seed, with: bug, eventsMax: options.events)
        }
        if options.wantsJSON {
            var totals = Soak.Totals()
            totals.add(result)
            let json = Report.json(of: totals, firstSeed: seed, seconds: 0)
            Output.write(json.text + "\n")
        } else {
            Output.write(Report.text(of: result))
        }
        return result.findings.isEmpty ? .done : .failed
    }

    private static func simulate(
        _ seed: UInt64, with bug: PlantedBug? = nil, eventsMax: Int = 0
    ) throws(Failure) -> SimulationResult {
        do {
            if let bug { return try bug.run(seed: seed, eventsMax: eventsMax) }
            return try SimulationResult(running: seed, eventsMax: eventsMax)
        } catch {
            throw .failed("seed \(seed): \(error)")
        }
    }

    private static func soak(_ options: Options) throws(Failure) -> ExitStatus {
        var random = SeededRandom.fromSystem()
        // Short enough to be typed.
        let firstSeed = options.firstSeed ?? random.next() >> 32
        let startNs = SystemClock.monotonicNs()
        if !options.wantsJSON {
            Output.write("first seed \(firstSeed), commit \(Report.commit)\n")
        }
        var progress = Progress(seeds: options.seeds)
        let totals = Soak(options, firstSeed: firstSeed).run(jobs: options.jobs) {
            progress.tick($0)
        }
        progress.end()
        let seconds = Double(SystemClock.monotonicNs() - startNs) / 1e9
        if let trouble = totals.troubles.first { throw .failed(trouble) }
        if options.wantsJSON {
            let json = Report.json(of: totals, firstSeed: firstSeed, seconds: seconds)
            Output.write(json.text + "\n")
        } else {
            Output.write(Report.text(of: totals, seconds: seconds))
            try show(totals.failed, options)
        }
        return totals.failed.isEmpty ? .done : .failed
    }

    /// Shows the first failing seed with its events, and names the others.
    private static func show(
        _ failed: [SimulationResult], _ options: Options
    ) throws(Failure) {
        guard let first = failed.min(by: { $0.virtualMs < $1.virtualMs }) else { return }
        for result in failed where result.seed != first.seed {
            for finding in result.findings.prefix(1) {
                Output.write("seed \(result.seed): \(finding.checker): \(finding.text)\n")
            }
        }
        let result = try simulate(first.seed, eventsMax: options.events)
        Output.write("\n" + Report.text(of: result))
        Output.write("again: martlet-sim --seed \(first.seed)\n")
    }
}
