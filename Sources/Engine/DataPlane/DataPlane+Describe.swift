public import Essentials
public import Objects
public import Placement
public import Wire

/// What each replica of one key holds of it: for an admin who asks where a key lives.
public struct KeyDescription: Sendable, Equatable {
    /// One replica's copy.
    public enum Copy: Sendable, Equatable {
        case object(Object)
        /// It has never heard of the key.
        case none
        case unknown(Silence)
    }

    /// Why nobody knows what a replica holds.
    public enum Silence: Sendable, Equatable {
        case unreachable
        case noAnswer
        case refused(PeerMessage.Refusal)
        /// Its answer cannot be decoded.
        case malformed
    }

    public struct Replica: Sendable, Equatable {
        public let node: NodeNumber
        public internal(set) var copy: Copy
    }

    /// What a node keeps for a replica that has missed it.
    public struct Hint: Sendable, Equatable {
        public let holder: NodeNumber
        public let target: NodeNumber
        public let object: Object
    }

    public let partition: PartitionID
    /// The primaries, in order of preference.
    public internal(set) var replicas: [Replica]
    /// Of all nodes that have answered.
    public internal(set) var hints: [Hint] = []
}

/// The questions of admins that replicas have not answered yet.
///
/// A question is a `check` with a fingerprint that no object has, so a replica answers with all it
/// holds. Nothing is merged or repaired: looking at replicas must not change what they hold.
struct KeyInquiries: Sendable {
    /// Admins ask one at a time; more than this means that a program asks in a loop.
    static let countMax = 64
    /// What the numbers of questions have in their lower half: an index that no request has.
    private static let mark: UInt64 = 0xFFFF_FFFF
    /// The finaliser of fingerprints gives 0 for one context in 2^64.
    static let fingerprint: UInt64 = 0

    private struct Inquiry {
        let id: UInt64
        let token: UInt64
        let deadlineNs: UInt64
        let partition: PartitionID
        /// The replicas, in order of preference, with the copies that are known.
        var copies: [(node: NodeNumber, copy: KeyDescription.Copy?)]
        /// The nodes that have not said which hints they keep.
        var holders: [NodeNumber]
        var hints: [KeyDescription.Hint] = []

        var isComplete: Bool { holders.isEmpty && copies.allSatisfy { $0.copy != nil } }
    }

    private var inquiries: [Inquiry] = []
    private var lastSerial: UInt32 = 0

    var isFull: Bool { inquiries.count >= Self.countMax }
    var isEmpty: Bool { inquiries.isEmpty }

    /// Whether a message with this number belongs to a question, and not to a request.
    static func isInquiry(_ id: UInt64) -> Bool { id & mark == mark }

    mutating func begin(
        token: UInt64, deadlineNs: UInt64, _ partition: PartitionID,
        _ replicas: ArraySlice<NodeNumber>, holders: [NodeNumber]
    ) -> UInt64 {
        lastSerial &+= 1
        let id = UInt64(lastSerial) << 32 | Self.mark
        inquiries.append(
            Inquiry(
                id: id, token: token, deadlineNs: deadlineNs, partition: partition,
                copies: replicas.map { (node: $0, copy: nil) }, holders: holders))
        return id
    }

    /// Takes note of one replica's copy; returns the description once all are known.
    mutating func note(
        _ id: UInt64, _ node: NodeNumber, _ copy: KeyDescription.Copy
    ) -> (token: UInt64, KeyDescription)? {
        guard let index = inquiries.firstIndex(where: { $0.id == id }),
            let place = inquiries[index].copies.firstIndex(where: { $0.node == node })
        else { return nil }
        if inquiries[index].copies[place].copy == nil {
            inquiries[index].copies[place].copy = copy
        }
        return finishIfComplete(index)
    }

    /// Takes note of the hints that one node keeps; returns the description once all is known.
    mutating func note(
        _ id: UInt64, _ holder: NodeNumber, _ hints: [KeyDescription.Hint]
    ) -> (token: UInt64, KeyDescription)? {
        guard let index = inquiries.firstIndex(where: { $0.id == id }),
            let place = inquiries[index].holders.firstIndex(of: holder)
        else { return nil }
        inquiries[index].holders.remove(at: place)
        inquiries[index].hints += hints
        return finishIfComplete(index)
    }

    private mutating func finishIfComplete(_ index: Int) -> (token: UInt64, KeyDescription)? {
        guard inquiries[index].isComplete else { return nil }
        return Self.finish(inquiries.remove(at: index))
    }

    /// The questions that wait for `node`.
    func waiting(for node: NodeNumber) -> [UInt64] {
        inquiries.compactMap { inquiry in
            let isAwaited =
                inquiry.holders.contains(node)
                || inquiry.copies.contains { $0.node == node && $0.copy == nil }
            return isAwaited ? inquiry.id : nil
        }
    }

    /// Ends one question whose time is over; nil when there is none.
    mutating func popDue(nowNs: UInt64) -> (token: UInt64, KeyDescription)? {
        guard let index = inquiries.firstIndex(where: { $0.deadlineNs <= nowNs }) else {
            return nil
        }
        return Self.finish(inquiries.remove(at: index))
    }

    private static func finish(_ inquiry: Inquiry) -> (token: UInt64, KeyDescription) {
        let replicas = inquiry.copies.map { node, copy in
            KeyDescription.Replica(node: node, copy: copy ?? .unknown(.noAnswer))
        }
        let hints = inquiry.hints.sorted { ($0.target, $0.holder) < ($1.target, $1.holder) }
        let description = KeyDescription(
            partition: inquiry.partition, replicas: replicas, hints: hints)
        return (inquiry.token, description)
    }
}

/// Asking all replicas of a key what they hold.
extension DataPlane {
    mutating func describe(
        _ key: ObjectKey, token: UInt64, timeoutMs: UInt64, now: Now, into effects: inout [Effect]
    ) {
        guard let table = routing.table else { return }
        let partition = table.partitioning.partition(of: key.position)
        let replicas = table.replicas(of: partition)
        guard !inquiries.isFull else {
            let refused = replicas.map { node in
                KeyDescription.Replica(node: node, copy: .unknown(.refused(.overloaded)))
            }
            let description = KeyDescription(partition: partition, replicas: refused)
            return effects.append(.describe(token: token, description))
        }
        let id = inquiries.begin(
            token: token, deadlineNs: now.monotonicNs + timeoutMs * 1_000_000, partition, replicas,
            holders: table.members)
        askForHints(of: key, id, table.members, now: now, into: &effects)
        for node in replicas {
            if node == routing.node {
                if let slot = cache.find(key) {
                    describeOwn(id, slot: slot, into: &effects)
                } else {
                    park(.describe(id: id), for: key, now: now, into: &effects)
                }
            } else if routing.canReach(node) {
                let check = PeerMessage.check(
                    id: id, key: PeerKey(key), fingerprint: KeyInquiries.fingerprint,
                    patienceMs: UInt32(clamping: timeoutMs))
                effects.append(.send(node, check, after: .none))
            } else {
                noteCopy(id, node, .unknown(.unreachable), into: &effects)
            }
        }
    }

    private mutating func askForHints(
        of key: ObjectKey, _ id: UInt64, _ members: [NodeNumber], now: Now,
        into effects: inout [Effect]
    ) {
        for node in members {
            if node == routing.node {
                tellHints(of: key, id, to: nil, now: now, into: &effects)
            } else if routing.canReach(node) {
                let question = PeerMessage.hintsWanted(id: id, key: PeerKey(key))
                effects.append(.send(node, question, after: .none))
            } else {
                noteHints(id, node, [], into: &effects)
            }
        }
    }

    /// A node has said which hints it keeps of the key.
    mutating func noteHints(
        _ id: UInt64, _ holder: NodeNumber, _ kept: [KeptHint], into effects: inout [Effect]
    ) {
        let hints = kept.compactMap { hint in
            (try? Object(decoding: hint.record)).map {
                KeyDescription.Hint(holder: holder, target: hint.target, object: $0)
            }
        }
        guard let (token, description) = inquiries.note(id, holder, hints) else { return }
        effects.append(.describe(token: token, description))
    }

    /// This node's own copy is in memory.
    mutating func describeOwn(_ id: UInt64, slot: Int, into effects: inout [Effect]) {
        let object = cache[slot].object
        noteCopy(id, routing.node, object.isUnknown ? .none : .object(object), into: &effects)
    }

    /// This node's own copy cannot be had.
    mutating func describeOwn(
        _ id: UInt64, refusal: PeerMessage.Refusal, into effects: inout [Effect]
    ) {
        noteCopy(id, routing.node, .unknown(.refused(refusal)), into: &effects)
    }

    /// A replica has answered.
    mutating func noteDescription(
        _ id: UInt64, _ node: NodeNumber, _ answer: PeerMessage, into effects: inout [Effect]
    ) {
        switch answer {
        case .differs(_, let record) where record.isEmpty:
            noteCopy(id, node, .none, into: &effects)
        case .differs(_, let record):
            let object = try? Object(decoding: record)
            let copy = object.map { KeyDescription.Copy.object($0) } ?? .unknown(.malformed)
            noteCopy(id, node, copy, into: &effects)
        case .refused(_, let refusal):
            noteCopy(id, node, .unknown(.refused(refusal)), into: &effects)
        default: noteCopy(id, node, .unknown(.malformed), into: &effects)
        }
    }

    /// The connection to `node` broke.
    mutating func failInquiries(on node: NodeNumber, into effects: inout [Effect]) {
        for id in inquiries.waiting(for: node) {
            noteHints(id, node, [], into: &effects)
            noteCopy(id, node, .unknown(.unreachable), into: &effects)
        }
    }

    /// Answers what has waited long enough with what is known.
    mutating func endDueInquiries(now: Now, into effects: inout [Effect]) {
        guard !inquiries.isEmpty else { return }
        while let (token, description) = inquiries.popDue(nowNs: now.monotonicNs) {
            effects.append(.describe(token: token, description))
        }
    }

    private mutating func noteCopy(
        _ id: UInt64, _ node: NodeNumber, _ copy: KeyDescription.Copy, into effects: inout [Effect]
    ) {
        guard let (token, description) = inquiries.note(id, node, copy) else { return }
        effects.append(.describe(token: token, description))
    }
}
