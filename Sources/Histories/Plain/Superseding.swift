/// No read shows what an overwrite had replaced that was acknowledged before the read began, where
/// the replicas of all three meet.
///
/// It looks at each read by itself, so it is quick however wide a history is, and judges reads
/// below a majority, too, if r + w > n.
struct Superseding {
    private let rules: JudgeRules
    private let acts: [Act]
    private let damagedNs: Int64
    /// Whether every value is one that some command brings along.
    let isLiteral: Bool
    /// Acknowledged, in the order of their ends.
    private let overwrites: [Act]

    /// What may be shown.
    private struct Source {
        var endNs: Int64
        var w: Int
        var number: UInt64?
    }

    init(_ rules: JudgeRules, _ acts: [Act], damagedNs: Int64) {
        self.rules = rules
        self.acts = acts
        self.damagedNs = damagedNs
        isLiteral = !acts.contains { $0.command.derivesValue }
        overwrites = acts.filter { act in
            act.hasWritten && act.overwrites && act.record.w >= act.record.numbers.majority
                && act.record.endNs < damagedNs
        }.sorted { $0.record.endNs < $1.record.endNs }
    }

    func judges(_ act: Act) -> Bool {
        isLiteral && act.shown != nil && act.record.isAcknowledged && act.record.r > 0
            && act.record.endNs < damagedNs
    }

    /// What is wrong with what a command has shown; nil if nothing is.
    func fault(in read: Act) -> String? {
        guard let shown = read.shown else { return nil }
        let sources = shown.map { self.sources(of: $0, read) } ?? absences(read)
        var replacement: Act?
        for source in sources {
            guard let found = self.replacement(of: source, before: read, isAbsence: shown == nil)
            else { return nil }
            replacement = found
        }
        guard let replacement else { return nil }
        return "it was replaced by \(replacement.record.text) which was acknowledged before"
    }

    private func sources(of value: [UInt8], _ read: Act) -> [Source] {
        acts.filter { act in
            act.command.literal == value && act.mayHaveWritten
                && act.record.calledNs <= read.record.endNs
        }.map { Source(endNs: $0.record.endNs, w: $0.record.w, number: $0.record.number) }
    }

    /// Why there may be nothing.
    private func absences(_ read: Act) -> [Source] {
        var sources = [Source(endNs: .min, w: read.record.numbers.n)]
        for act in acts where act.record.calledNs <= read.record.endNs && act.mayHaveWritten {
            switch act.command {
            case .delete, .deleteUnchanged, .getDelete:
                sources.append(
                    Source(endNs: act.record.endNs, w: act.record.w, number: act.record.number))
            default:
                guard let deadline = act.deadline(rules),
                    deadline.earliestNs - rules.toleranceNs <= read.record.endNs
                else { continue }
                // The key may be written again before the deadline, and keep it; or it never was
                // anywhere else.
                sources.append(Source(endNs: .max, w: act.record.w, number: act.record.number))
            }
        }
        return sources
    }

    private func replacement(
        of source: Source, before read: Act, isAbsence: Bool
    ) -> Act? {
        guard source.endNs < read.record.calledNs else { return nil }
        // The latest are the likeliest.
        for act in overwrites.reversed() where act.record.endNs < read.record.calledNs {
            let n = act.record.numbers.n
            guard act.record.calledNs > source.endNs, act.record.number != source.number,
                read.record.r + act.record.w > n, source.w + act.record.w > n
            else { continue }
            if isAbsence, act.command.literal == nil { continue }
            return act
        }
        return nil
    }
}

extension CommandRecord {
    /// The replicas that a write is known to have reached: none if fallbacks may have been among
    /// them.
    fileprivate var w: Int { mayUseFallbacks ? numbers.pw : numbers.w }

    /// The replicas that a read is known to have asked.
    fileprivate var r: Int { mayUseFallbacks ? numbers.pr : numbers.r }
}
