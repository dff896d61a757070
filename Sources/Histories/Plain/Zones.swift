/// A value that one command writes is there without a break from the first moment at which some
/// command must have seen it to the last one: nothing else is seen in between (the zones of Gibbons
/// and Korach, 1997).
///
/// Quick and exact however wide a history is, for values that only one command brings along.
struct Zones {
    /// A value with all that must have seen it.
    private struct Cluster {
        let value: [UInt8]
        /// When the first of them had ended, and the last of them began.
        var firstEndNs: Int64
        var lastCallNs: Int64
        /// Who began last.
        var last: Act
    }

    /// Those during which a value must have been there, in the order of their beginnings.
    private let kept: [Cluster]
    private let brief: [Cluster]

    /// - Parameter acts: those that are held against majorities, and all that may have written.
    init(_ acts: [Act], damagedNs: Int64) {
        var clusters: [Cluster] = []
        // By value. Looked up and never iterated.
        var places: [[UInt8]: Int] = [:]
        var repeated: Set<[UInt8]> = []
        for act in acts where act.mayHaveWritten {
            guard let value = act.command.literal else { continue }
            guard places[value] == nil else {
                repeated.insert(value)
                continue
            }
            let isKnown = act.isStrict && act.record.endNs < damagedNs
            places[value] = clusters.count
            clusters.append(
                Cluster(
                    value: value, firstEndNs: isKnown ? act.record.endNs : .max,
                    lastCallNs: act.record.calledNs, last: act))
        }
        for act in acts
        where act.record.isAcknowledged && act.isStrict && act.record.endNs < damagedNs {
            guard let shown = act.shown, let value = shown, let place = places[value] else {
                continue
            }
            clusters[place].firstEndNs = min(clusters[place].firstEndNs, act.record.endNs)
            if act.record.calledNs > clusters[place].lastCallNs {
                clusters[place].lastCallNs = act.record.calledNs
                clusters[place].last = act
            }
        }
        let single = clusters.filter { !repeated.contains($0.value) }
        kept = single.filter { $0.firstEndNs < $0.lastCallNs }
            .sorted { $0.firstEndNs < $1.firstEndNs }
        brief = single.filter { $0.firstEndNs >= $0.lastCallNs && $0.firstEndNs < .max }
    }

    /// A command that has seen a value which was gone before, and why it was.
    var fault: (act: Act, text: String)? {
        for (one, other) in zip(kept, kept.dropFirst()) where other.firstEndNs < one.lastCallNs {
            let later = one.lastCallNs < other.lastCallNs ? one : other
            let between = one.lastCallNs < other.lastCallNs ? other : one
            return (later.last, Self.text(between))
        }
        for cluster in brief {
            let around = kept.first {
                $0.firstEndNs < cluster.lastCallNs && cluster.firstEndNs < $0.lastCallNs
            }
            if let around { return (around.last, Self.text(cluster)) }
        }
        return nil
    }

    private static func text(_ cluster: Cluster) -> String {
        "\(CommandRecord.Answer.bytes(cluster.value).text) was there in between"
    }
}
