internal import Causality
internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Placement
internal import Wire

/// Every dot that any node has made, and what it stands for: no dot may ever stand for two events.
struct DotLedger {
    /// A dot names an event of one key.
    struct Event: Hashable {
        var key: ObjectKey
        var dot: Dot
    }

    struct Fact {
        /// Different for every write of one node: its hybrid clock never stands still.
        var stamp: Timestamp?
        /// The string that the event wrote, if it wrote one.
        var value: [UInt8]?
        /// What the event's object had seen, its own dot included.
        var context: CausalContext
        /// When it was made, in ns since the beginning of the run.
        var timeNs: UInt64
    }

    /// Looked up by dot and never iterated.
    private(set) var facts: [Event: Fact] = [:]
    /// The dots made for each key, in the order in which they were made.
    private(set) var made: [ObjectKey: [Dot]] = [:]
    /// What wrote each string. No two requests of a run write the same one, but a request that was
    /// forwarded twice may have been carried out twice.
    private var dots: [[UInt8]: [Event]] = [:]
    /// Who has made removals whose dots were cut from a full context before they were stored: their
    /// clients were told of them, and may bring them back. Looked up and never iterated.
    private var cutRemovals: Set<Writer> = []
    private(set) var violations: [String] = []

    private struct Writer: Hashable {
        var key: ObjectKey
        var node: NodeNumber
    }

    /// One event at `node` has led to these stores, in this order; `writes` of them are writes of
    /// its own, the others merges of what others wrote.
    ///
    /// - Parameter actorsMax: contexts are cut to it.
    mutating func note(
        _ stores: [(key: ObjectKey, object: Object)], by node: NodeNumber, writes: Int,
        actorsMax: Int, timeNs: UInt64
    ) {
        var found = 0
        var returned = 0
        for (key, object) in stores {
            for dot in newDots(of: node, in: object, key) {
                found += 1
                if hasCutRemoval(key, node), !object.entries.contains(where: { $0.dot == dot }) {
                    returned += 1
                }
                noteWrite(key, dot, object, timeNs)
            }
            noteStore(key, object)
        }
        // A write whose dot was made before looks like a merge; so does a removal whose dot was cut
        // from a context that is full of actors with values.
        let full = stores.filter { $0.object.context.actorCount >= actorsMax }
        if found < writes {
            for store in full { cutRemovals.insert(Writer(key: store.key, node: node)) }
        }
        if found - returned > writes || found + full.count < writes {
            let keys = stores.map { Text.show($0.key.bytes) }
            violations.append("node \(node) made \(writes) writes, \(found) dots: \(keys)")
        }
    }

    /// `node` keeps or sends this object of a key that it is no primary of. What it writes to such
    /// a key, for want of a primary, is seen here first.
    mutating func noteHint(
        _ key: ObjectKey, _ object: Object, by node: NodeNumber, timeNs: UInt64
    ) {
        for dot in newDots(of: node, in: object, key) { noteWrite(key, dot, object, timeNs) }
        noteStore(key, object)
    }

    private func hasCutRemoval(_ key: ObjectKey, _ node: NodeNumber) -> Bool {
        cutRemovals.contains(Writer(key: key, node: node))
    }

    private func isMade(_ key: ObjectKey, _ dot: Dot) -> Bool {
        facts[Event(key: key, dot: dot)] != nil
    }

    private mutating func noteWrite(
        _ key: ObjectKey, _ dot: Dot, _ object: Object, _ timeNs: UInt64
    ) {
        made[key, default: []].append(dot)
        let entry = object.entries.first { $0.dot == dot }
        let value = entry.flatMap(Self.value)
        facts[Event(key: key, dot: dot)] = Fact(
            stamp: entry?.stamp, value: value, context: object.context, timeNs: timeNs)
        if let value { dots[value, default: []].append(Event(key: key, dot: dot)) }
    }

    /// A node stores this object, whatever the reason.
    private mutating func noteStore(_ key: ObjectKey, _ object: Object) {
        for entry in object.entries {
            guard let fact = facts[Event(key: key, dot: entry.dot)] else {
                violations.append("nobody made \(entry.dot) of \(Text.show(key.bytes))")
                continue
            }
            if let stamp = fact.stamp, entry.stamp != stamp, !Self.isSettled(entry.stamp, of: stamp)
            {
                violations.append("\(entry.dot) of \(Text.show(key.bytes)) has two stamps")
            }
            if let value = Self.value(entry), value != fact.value {
                violations.append("\(entry.dot) of \(Text.show(key.bytes)) has two values")
            }
        }
    }

    /// Whether `stamp` may be what became of `original`, which no right clock can have given.
    private static func isSettled(_ stamp: Timestamp, of original: Timestamp) -> Bool {
        stamp.wallMs + 60_000 < original.wallMs
    }

    mutating func takeViolations() -> [String] {
        defer { violations = [] }
        return violations
    }

    /// The dots of the write that wrote `value`: nearly always one.
    func dots(of value: [UInt8], _ key: ObjectKey) -> [Dot] {
        (dots[value] ?? []).filter { $0.key == key }.map(\.dot)
    }

    func fact(_ key: ObjectKey, _ dot: Dot) -> Fact? { facts[Event(key: key, dot: dot)] }

    /// The newest dots of the actors under which `node` has numbered, as far as nobody has seen
    /// them before. The actor that it numbers under now need not be the latest: a clock that went
    /// back, and a disk that was put back, know nothing of later ones.
    private func newDots(of node: NodeNumber, in object: Object, _ key: ObjectKey) -> [Dot] {
        var dots = object.context.entries.indices.compactMap { index -> Dot? in
            let actor = object.context.entries[index].actor
            guard actor.node == node else { return nil }
            let dot = Dot(actor: actor, counter: object.context.highestCounter(of: actor))
            return isMade(key, dot) ? nil : dot
        }
        // A node that stands in knows its earlier ones by a client's context only, or not at all.
        for entry in object.entries
        where entry.dot.actor.node == node && object.context.exceptions.contains(entry.dot) {
            if !isMade(key, entry.dot), !dots.contains(entry.dot) { dots.append(entry.dot) }
        }
        return dots
    }

    private static func value(_ entry: Entry) -> [UInt8]? {
        if case .register(let bytes) = entry.content { return bytes }
        return nil
    }
}

extension Cluster {
    /// Enters the stores of one event into the ledger.
    func note(_ effects: [DataPlane.Effect], at index: Int, writes: Int) {
        var stores: [(key: ObjectKey, object: Object)] = []
        for case .store(let key, let record) in effects {
            mix(record)
            do {
                let object = try Object(decoding: record)
                stores.append((key, object))
                observer?(.stored(node: index, key, object))
                guard trace.topics.contains(.storage) else { continue }
                let text = trace.names.text(object, key: key.bytes)
                trace.note(.storage, self[index].name, "store \(Text.show(key.bytes)) = \(text)")
            } catch {
                violations.append("a stored record cannot be read: \(error)")
            }
        }
        for hint in hints(in: effects, at: index) {
            ledger.noteHint(
                hint.key, hint.object, by: self[index].number, timeNs: timeNs)
        }
        if !stores.isEmpty || writes > 0 {
            ledger.note(
                stores, by: self[index].number, writes: writes,
                actorsMax: options.contextActorsMax, timeNs: timeNs)
        }
    }

    /// Whether a node takes itself for a primary of the key.
    private func isPrimary(_ index: Int, of key: ObjectKey) -> Bool {
        let shard = sharding(of: index).shard(of: key.position)
        guard let table = self[index].process?.shards[shard].topology.placement else {
            return false
        }
        let partition = table.partitioning.partition(of: key.position)
        return table.place(of: self[index].number, in: partition) != nil
    }

    /// The objects that a node stores as hints, and sends, of keys that it is no primary of.
    private func hints(
        in effects: [DataPlane.Effect], at index: Int
    ) -> [(key: ObjectKey, object: Object)] {
        var found: [(key: ObjectKey, object: Object)] = []
        for effect in effects {
            let (key, record): (ObjectKey?, [UInt8])
            switch effect {
            case .storeHint(let name, let value):
                key = try? HintRecord.parseKey(name)
                record = (try? HintRecord.parseValue(value))?.record ?? []
            case .send(_, .write(_, let peerKey, _, let sent, _, _), _),
                .send(_, .hint(_, _, let peerKey, _, let sent), _):
                let position = Position(rawValue: peerKey.position)
                (key, record) = (ObjectKey(position: position, bytes: peerKey.bytes), sent)
            default: continue
            }
            guard let key, !isPrimary(index, of: key) else { continue }
            if let object = try? Object(decoding: record) { found.append((key, object)) }
        }
        return found
    }
}
