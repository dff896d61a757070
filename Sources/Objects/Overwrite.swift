public import Causality
public import Essentials

/// A plain overwrite as its coordinator has made it: what a replica must not hold beside it.
///
/// A plain `SET` or `DEL` replaces all that its coordinator knows of the key. Where that is less
/// than what was acknowledged before, the rest would beat it by a greater stamp, be added to it, or
/// outlive its deadline, for good. The replicas see it: what they hold beside the write, its
/// coordinator removes by one more event before it answers. The write itself is not made again: it
/// may have been seen, and been overwritten, by then.
///
/// - What was written by somebody who had seen the write must stay. Nobody whose event lies at a
///   replica that had not heard of the write has; at others it is told from what is there.
/// - Two concurrent overwrites must not remove each other. So a register goes only where it would
///   win; a deletion, which leaves nothing that could be removed, takes every one.
public struct Overwrite: Sendable {
    /// The write event itself.
    public let dot: Dot
    /// What its coordinator had seen, and the event.
    private let context: CausalContext
    /// What it has left; nil after a deletion.
    private let entry: Entry?

    /// - Parameter written: the object as the coordinator left it.
    /// - Parameter node: the coordinator. Its latest event is the write; nil when there is none.
    public init?(leaving written: Object, by node: NodeNumber) {
        guard let actor = written.context.latestActor(of: node) else { return nil }
        let dot = Dot(actor: actor, counter: written.context.highestCounter(of: actor))
        self.dot = dot
        context = written.context
        entry = written.entries.first { $0.dot == dot }
    }

    /// What a replica holds that has to go.
    public struct Rest: Sendable {
        /// Registers among it. Whoever writes blindly may have read the overwrite elsewhere and
        /// have come to a replica before it: so these count only where enough replicas held them.
        public var registers: [Dot] = []
        /// Increments and deadlines: whoever makes one has asked a quorum.
        public var others: [Dot] = []
        public var marks: [CounterMark] = []

        public init() {}

        public var isEmpty: Bool { registers.isEmpty && others.isEmpty }

        /// What a removal of all that has seen.
        public var sighting: Sighting {
            var context = CausalContext()
            for dot in registers + others { context.insert(dot) }
            return Sighting(context, marks: marks)
        }

        /// Takes in what another replica has reported.
        public mutating func note(_ mark: CounterMark) { marks.note(mark) }
    }

    /// What has to go of `merged`, a replica's copy with the overwrite merged into it.
    ///
    /// - Parameter wasKnown: the replica had heard of the overwrite before, so that something of
    ///   what it holds may have been written by somebody who had seen it.
    public func rest(in merged: Object, wasKnown: Bool) -> Rest {
        var rest = Rest()
        // Whoever has overwritten it has seen it, and removes what is left.
        let own = merged.entries.first { $0.dot == dot }
        guard !wasKnown || own != nil else { return rest }
        for other in merged.entries where !context.contains(other.dot) {
            if other.isRegister {
                // One who had seen the overwrite would have replaced it.
                guard let entry else {
                    rest.registers.append(other.dot)
                    continue
                }
                if other.wins(over: entry) { rest.registers.append(other.dot) }
            } else if other.hasContent {
                if wasKnown, let entry, other.wins(over: entry) { continue }
                rest.others.append(other.dot)
                if let mark = other.mark { rest.marks.note(mark) }
            } else if !wasKnown || own?.hasDeadline ?? false {
                rest.others.append(other.dot)
            }
        }
        return rest
    }
}
