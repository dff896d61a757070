internal import Essentials
internal import Platform
internal import Simulator

/// What the program says about runs.
enum Report {
    /// What broke, and how it came to that.
    static func text(of result: SimulationResult) -> String {
        var text = "seed \(result.seed): \(result.plan)\n"
        text += "commit \(commit)\n"
        if !result.events.isEmpty {
            let rows = result.events.map { event in
                ["\(event.timeUs / 1000).\(padded(event.timeUs % 1000)) ms", event.who, event.what]
            }
            text += "\n" + Output.columns(rows, right: [0]) + "\n"
        }
        for finding in result.findings {
            text += "BROKEN at \(finding.timeMs) ms, \(finding.checker): \(finding.text)\n"
        }
        if result.findings.isEmpty { text += "every rule was kept\n" }
        let hash = String(result.fingerprint, radix: 16)
        return text + "\(result.virtualMs) virtual ms, trace hash \(hash)\n"
    }

    private static func padded(_ number: UInt64) -> String {
        String("000\(number)".suffix(3))
    }

    /// A summary of many runs, in columns.
    static func text(of totals: Soak.Totals, seconds: Double) -> String {
        var text = ""
        for (title, tally) in sections(totals) {
            text += "\n\(title):\n"
            let rows = tally.rows.map { ["  " + $0.name, Figures.grouped($0.count)] }
            text += Output.columns(rows, right: [1])
        }
        for row in totals.exercise.checks.rows where row.count == 0 {
            text += "\nWARNING: the checker '\(row.name)' never saw its case\n"
        }
        for row in totals.exercise.agreement.rows where row.count == 0 {
            text += "\nWARNING: no run saw '\(row.name)'\n"
        }
        text += judged(totals.exercise)
        let hours = Double(totals.virtualMs) / 3_600_000
        text += "\n\(Figures.grouped(totals.seeds)) seeds, "
        text += "\(Figures.decimal(hours, digits: 1)) virtual hours in "
        text += "\(Figures.decimal(seconds, digits: 1)) s, \(totals.failed.count) broken\n"
        return text
    }

    /// Below this share of what was acknowledged too much goes unseen.
    private static let judgedPercentMin = 95

    private static func judged(_ exercise: Exercise) -> String {
        let (judged, all) = (exercise.acknowledgedAndJudged, exercise.acknowledged)
        guard all > 0 else { return "" }
        let percent = 100 * Double(judged) / Double(all)
        var text = "\njudged \(Figures.grouped(judged)) of \(Figures.grouped(all)) "
        text += "acknowledged operations (\(Figures.decimal(percent, digits: 1)) %)\n"
        if percent < Double(judgedPercentMin) {
            text += "WARNING: less than \(judgedPercentMin) % of them were judged\n"
        }
        return text
    }

    static func json(
        of totals: Soak.Totals, firstSeed: UInt64, seconds: Double
    ) -> JSON {
        var members = [
            JSON.Member("firstSeed", .exact(firstSeed)),
            JSON.Member("seeds", .integer(totals.seeds)),
            JSON.Member("commit", .string(commit)), JSON.Member("seconds", .number(seconds)),
            JSON.Member("virtualMs", .exact(totals.virtualMs)),
        ]
        for (title, tally) in sections(totals) {
            let rows = tally.rows.map { JSON.Member($0.name, .integer($0.count)) }
            members.append(JSON.Member(title, .object(rows)))
        }
        members.append(JSON.Member("acknowledged", .integer(totals.exercise.acknowledged)))
        members.append(
            JSON.Member(
                "acknowledgedAndJudged", .integer(totals.exercise.acknowledgedAndJudged)))
        let failed = totals.failed.map { result in
            JSON.object([
                JSON.Member("seed", .exact(result.seed)),
                JSON.Member(
                    "findings",
                    .array(
                        result.findings.map { finding in
                            JSON.object([
                                JSON.Member("checker", .string(finding.checker)),
                                JSON.Member("text", .string(finding.text)),
                                JSON.Member("virtualMs", .exact(finding.timeMs)),
                            ])
                        })),
            ])
        }
        members.append(JSON.Member("failed", .array(failed)))
        return .object(members)
    }

    private static func sections(_ totals: Soak.Totals) -> [(String, Tally)] {
        [
            ("faults", totals.exercise.faults), ("requests", totals.exercise.requests),
            ("engine", totals.exercise.engine), ("checks", totals.exercise.checks),
            ("judged", totals.exercise.judged), ("excuses", totals.exercise.excuses),
            ("agreement", totals.exercise.agreement),
        ]
    }

    /// Of the working tree that the program is started in; a seed means something only with it.
    static let commit: String = {
        do throws(PlatformError) {
            let head = try FileSystem.readText(".git/HEAD").prefix { !$0.isNewline }
            guard head.hasPrefix("ref: ") else { return String(head) }
            return String(
                try FileSystem.readText(".git/" + head.dropFirst(5)).prefix { !$0.isNewline })
        } catch {
            return "unknown"
        }
    }()
}
