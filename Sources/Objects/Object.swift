public import Causality
public import Essentials

/// One key as a replica holds it: the causal context and the dotted values that are still alive.
///
/// A string has one cell, whose entries are held here, in the key's head record. Collections will
/// keep this head (context and deadlines) and put each member's entries into a record of its own.
///
/// Merge is the delta-state rule (DESIGN section 4; Almeida et al. 2018): an entry survives if the
/// other side has it too, or has not seen its dot. Commutative, associative, idempotent.
///
/// Invariant: `entries` is sorted by dot, without repetition, and `context` contains every dot;
/// `covered` is sorted by actor, without repetition, and `context` contains every dot of it.
/// Confined to the shard that owns its partition.
public struct Object: Sendable, Equatable {
    public internal(set) var context: CausalContext
    public internal(set) var entries: InlineFirst<Entry>
    /// How far actors' increments were overwritten. Empty but for keys that were counters.
    public internal(set) var covered: [CounterMark]

    public init() {
        self.init(context: CausalContext(), entries: InlineFirst(), covered: [])
    }

    init(context: CausalContext, entries: InlineFirst<Entry>, covered: [CounterMark]) {
        self.context = context
        self.entries = entries
        self.covered = covered
    }

    /// Nothing was ever written here, as far as this replica knows.
    public var isUnknown: Bool { context.isEmpty }

    /// The register that a client sees, or saw until its deadline.
    var winner: Entry? {
        var winner: Entry?
        for index in entries.indices where entries[index].isRegister {
            if winner.map({ entries[index].wins(over: $0) }) ?? true { winner = entries[index] }
        }
        return winner
    }

    /// When the key expires: nil for never. Without any deadline entry it is never, too.
    ///
    /// It is the winner's own deadline, or the longest of it and those that came later. What is
    /// older than the winner has no say: it was there when the winner replaced it, or would have
    /// been, had its coordinator heard of it.
    public var deadlineMs: UInt64? {
        let winner = entries.count > 1 ? winner : nil
        var latest: UInt64?
        for entry in entries {
            if let winner, winner.wins(over: entry) { continue }
            switch entry.deadline {
            case .none: continue
            case .never: return nil
            case .at(let deadline): latest = max(latest ?? 0, deadline)
            }
        }
        return latest
    }

    public func isExpired(nowMs: UInt64) -> Bool {
        guard let deadlineMs else { return false }
        return deadlineMs <= nowMs
    }

    /// Whether contents are there, which a client may or may not see any more.
    public var hasValue: Bool {
        // By index, here and below: walking the list copies its entries.
        for index in entries.indices where entries[index].content.isLive { return true }
        return false
    }

    /// Whether a client sees a value: contents that are there and have not expired.
    public func isLive(nowMs: UInt64) -> Bool { hasValue && !isExpired(nowMs: nowMs) }

    /// Whether a payload is kept that no client can see any more.
    public func wantsExpiry(nowMs: UInt64) -> Bool {
        isExpired(nowMs: nowMs) && hasValue
    }

    /// The bytes of payload held, for size bounds.
    public var payloadSize: Int {
        var size = 0
        for index in entries.indices {
            if case .register(let bytes) = entries[index].content { size += bytes.count }
        }
        return size
    }

    /// The greatest stamp in here: what a receiver checks against its clock.
    public var latestStamp: Timestamp {
        var latest = Timestamp.zero
        for index in entries.indices { latest = max(latest, entries[index].stamp) }
        return latest
    }

    /// A 64-bit fingerprint: objects with equal ones are equal. It is what reads compare.
    ///
    /// Equal contexts mean equal events only as long as nothing was cut from them: of two replicas
    /// one may know a value as replaced and have cut the event that did it, and the other not. So
    /// what is there counts: the dots, which of their parts, expired or not, and their stamps,
    /// which one side may have settled; what is in them follows from the dots. And so does how far
    /// counters are covered, which a client's context of an older format does not tell exactly.
    public var fingerprint: UInt64 {
        var hash = context.fingerprint
        // By index: walking the list copies its entries.
        for index in entries.indices {
            let parts = entries[index].parts
            let salt = UInt64(parts) &+ entries[index].stamp.rawValue &* 8
            hash = hash &* 31 &+ entries[index].dot.fingerprint(salt: salt)
        }
        for mark in covered {
            let dot = Dot(actor: mark.actor, counter: mark.counter)
            hash = hash &* 33 &+ dot.fingerprint(salt: 0)
        }
        return hash
    }

    /// Drops the payloads once the deadline has passed. Every replica comes to the same result from
    /// the same events, without a message and without a change of the context.
    public mutating func expire(nowMs: UInt64) {
        guard wantsExpiry(nowMs: nowMs) else { return }
        for index in entries.indices {
            switch entries[index].content {
            case .none: continue
            case .register, .expired:
                entries[index].content = .expired
                entries[index].isCausal = false
            case .share(var share):
                share.isExpired = true
                entries[index].content = .share(share)
            }
        }
    }

    /// Drops entries written at or before `stamp`: what a cluster-wide flush has removed.
    public mutating func dropEntries(upTo stamp: Timestamp) {
        entries.removeAll { $0.stamp <= stamp }
    }

    /// Cuts the context to `actorsMax` actors and returns how many were dropped.
    public mutating func pruneContext(to actorsMax: Int) -> Int {
        guard context.actorCount > actorsMax else { return 0 }
        let dropped = context.prune(to: actorsMax, keeping: entries.map(\.dot.actor))
        let context = context
        covered.removeAll { context.counter(of: $0.actor) < $0.counter }
        return dropped
    }
}
