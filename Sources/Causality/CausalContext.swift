public import Essentials

/// The set of dots somebody has seen: per actor a prefix 1…counter, and single dots beyond gaps.
///
/// Whole objects make contexts without gaps. A delta of one cell carries only the dots it is about,
/// hence the exceptions (Preguiça et al., "Dotted Version Vectors", 2012; Almeida et al., "Delta
/// State Replicated Data Types", 2018, section 7.2).
///
/// Invariant: `entries` is sorted by actor, one entry an actor, every counter at least 1.
/// Invariant: `exceptions` is sorted, and each lies at least two past its actor's counter.
public struct CausalContext: Hashable, Sendable {
    public struct Entry: Hashable, Sendable {
        public var actor: Actor
        public var counter: UInt64

        public init(actor: Actor, counter: UInt64) {
            self.actor = actor
            self.counter = counter
        }
    }

    public enum Ordering: Sendable, Equatable { case equal, before, after, concurrent }

    public private(set) var entries: InlineFirst<Entry>
    public private(set) var exceptions: [Dot]

    public init() {
        entries = InlineFirst()
        exceptions = []
    }

    /// - Precondition: `entries` is sorted by actor, without repetition or zero counters.
    init(entries: InlineFirst<Entry>) {
        self.entries = entries
        exceptions = []
    }

    /// - Precondition: `dot` is after every exception and at least two past its actor's counter.
    mutating func appendException(_ dot: Dot) { exceptions.append(dot) }

    public var isEmpty: Bool { entries.isEmpty && exceptions.isEmpty }

    /// The number of actors this context speaks of; bounded by `prune`.
    public var actorCount: Int { entries.count }

    /// The counter up to which every dot of `actor` has been seen; 0 when there is none.
    public func counter(of actor: Actor) -> UInt64 {
        for entry in entries where entry.actor == actor { return entry.counter }
        return 0
    }

    /// The greatest counter seen of `actor`, gaps or not.
    public func highestCounter(of actor: Actor) -> UInt64 {
        var highest = counter(of: actor)
        for dot in exceptions where dot.actor == actor { highest = max(highest, dot.counter) }
        return highest
    }

    public func contains(_ dot: Dot) -> Bool {
        for entry in entries where entry.actor == dot.actor {
            if dot.counter <= entry.counter { return true }
            break
        }
        return !exceptions.isEmpty && exceptions.contains(dot)
    }

    /// The latest actor of `node` in here, by epoch.
    public func latestActor(of node: NodeNumber) -> Actor? {
        entries.last { $0.actor.node == node }?.actor
    }

    /// The latest epoch of any actor in here, or of those of one node; 0 when there is none.
    public func newestEpochMs(of node: NodeNumber? = nil) -> UInt64 {
        var newest: UInt64 = 0
        for entry in entries where node == nil || entry.actor.node == node {
            newest = max(newest, entry.actor.epochMs)
        }
        for dot in exceptions where node == nil || dot.actor.node == node {
            newest = max(newest, dot.actor.epochMs)
        }
        return newest
    }

    public mutating func insert(_ dot: Dot) {
        guard !contains(dot) else { return }
        if counter(of: dot.actor) + 1 == dot.counter {
            setCounter(dot.counter, of: dot.actor)
            absorbExceptions()
        } else {
            let index = exceptions.firstIndex { dot < $0 } ?? exceptions.count
            exceptions.insert(dot, at: index)
        }
    }

    /// The union of both sets.
    public mutating func merge(_ other: CausalContext) {
        if entries.isEmpty && exceptions.isEmpty {
            self = other
            return
        }
        for entry in other.entries where counter(of: entry.actor) < entry.counter {
            setCounter(entry.counter, of: entry.actor)
        }
        if !exceptions.isEmpty || !other.exceptions.isEmpty {
            exceptions = exceptions.filter { counter(of: $0.actor) < $0.counter }
            absorbExceptions()
            for dot in other.exceptions { insert(dot) }
        }
    }

    /// How this set relates to `other`: `.before` when everything in here is also there.
    public func ordering(to other: CausalContext) -> Ordering {
        if self == other { return .equal }
        let isWithin = other.includes(self)
        let includesOther = includes(other)
        if isWithin { return includesOther ? .equal : .before }
        return includesOther ? .after : .concurrent
    }

    /// Whether every dot of `other` is in here.
    public func includes(_ other: CausalContext) -> Bool {
        for entry in other.entries where counter(of: entry.actor) < entry.counter {
            guard includesBeyondPrefix(entry) else { return false }
        }
        return other.exceptions.allSatisfy { contains($0) }
    }

    /// Drops the actors of the oldest epochs until `actorsMax` are left and returns how many went.
    ///
    /// The price is false concurrency: a value that had been replaced may come back as a sibling;
    /// nothing is lost. Actors in `kept`, whose values still live, stay. The latest of each node go
    /// after those that it has left behind: a node continues its latest only, so it continues
    /// none that was cut here and comes back from another replica. What goes follows from the set
    /// and `kept` alone.
    public mutating func prune(to actorsMax: Int, keeping kept: [Actor]) -> Int {
        guard entries.count > actorsMax else { return 0 }
        func rank(_ actor: Actor) -> Int {
            if kept.contains(actor) { return 2 }
            return actor == latestActor(of: actor.node) ? 1 : 0
        }
        let ranked = entries.map { (rank: rank($0.actor), actor: $0.actor) }
        let order = ranked.sorted { left, right in
            (left.rank, left.actor.epochMs, left.actor)
                < (right.rank, right.actor.epochMs, right.actor)
        }.map(\.actor)
        let dropped = order.prefix(entries.count - actorsMax).filter { !kept.contains($0) }
        entries.removeAll { dropped.contains($0.actor) }
        exceptions.removeAll { dropped.contains($0.actor) }
        return dropped.count
    }

    /// Forgets the dots beyond gaps that are not wanted.
    public mutating func filterExceptions(_ isWanted: (Dot) -> Bool) {
        exceptions.removeAll { !isWanted($0) }
    }

    /// A 64-bit fingerprint: equal contexts have equal ones; it is what digests and trees compare.
    ///
    /// On the wire, and later in trees. Never change the mixing.
    public var fingerprint: UInt64 {
        var hash: UInt64 = 0x4D61_7274_6C65_7431
        for entry in entries {
            hash = Self.mix(hash ^ entry.actor.rawValue)
            hash = Self.mix(hash ^ entry.counter)
        }
        for dot in exceptions {
            hash = Self.mix(hash ^ ~dot.actor.rawValue)
            hash = Self.mix(hash ^ dot.counter)
        }
        return hash
    }

    /// The finaliser of MurmurHash3: every input bit reaches every output bit.
    static func mix(_ value: UInt64) -> UInt64 {
        var hash = value &+ 0x9E37_79B9_7F4A_7C15
        hash = (hash ^ hash >> 33) &* 0xFF51_AFD7_ED55_8CCD
        hash = (hash ^ hash >> 33) &* 0xC4CE_B9FE_1A85_EC53
        return hash ^ hash >> 33
    }

    private mutating func setCounter(_ counter: UInt64, of actor: Actor) {
        var index = 0
        while index < entries.count, entries[index].actor < actor { index += 1 }
        if index < entries.count, entries[index].actor == actor {
            entries[index].counter = counter
        } else {
            entries.insert(Entry(actor: actor, counter: counter), at: index)
        }
    }

    /// Moves exceptions that have become part of a prefix into it. Sorted order makes one pass do.
    private mutating func absorbExceptions() {
        guard !exceptions.isEmpty else { return }
        var left: [Dot] = []
        for dot in exceptions {
            let reached = counter(of: dot.actor)
            if dot.counter == reached + 1 {
                setCounter(dot.counter, of: dot.actor)
            } else if dot.counter > reached {
                left.append(dot)
            }
        }
        exceptions = left
    }

    /// Whether dots past our prefix of `entry.actor` up to its counter are all exceptions here.
    private func includesBeyondPrefix(_ entry: Entry) -> Bool {
        let reached = counter(of: entry.actor)
        let beyond = exceptions.lazy.filter {
            $0.actor == entry.actor && $0.counter <= entry.counter
        }
        return UInt64(beyond.count) == entry.counter - reached
    }
}

extension Dot {
    /// 64 bits that stand for this dot and `salt`. On the wire: never change the mixing.
    public func fingerprint(salt: UInt64) -> UInt64 {
        CausalContext.mix(CausalContext.mix(salt ^ actor.rawValue) ^ counter)
    }
}
