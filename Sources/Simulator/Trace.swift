internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// What happened since it was last taken.
struct Trace {
    /// What a test wants to see of it; replies are always shown.
    struct Topics: OptionSet {
        let rawValue: Int

        /// What nodes say to each other about keys.
        static let messages = Topics(rawValue: 1)
        /// Topologies, and what control planes say.
        static let control = Topics(rawValue: 2)
        static let storage = Topics(rawValue: 4)
        /// What becomes of hints.
        static let hints = Topics(rawValue: 128)
        /// What clients are answered.
        static let replies = Topics(rawValue: 8)
        /// What failure detectors say of nodes.
        static let detector = Topics(rawValue: 16)
        /// What is done to nodes and to the ways between them.
        static let faults = Topics(rawValue: 32)
        /// What the members' logs say to each other, heartbeats included.
        static let consensus = Topics(rawValue: 64)
        static let everything: Topics = [
            .messages, .control, .storage, .hints, .replies, .detector, .faults,
        ]

        init(rawValue: Int) { self.rawValue = rawValue }
    }

    /// One thing that happened: when, to whom, and what.
    struct Event {
        var timeNs: UInt64
        /// `A`, or `A → B`.
        var who: String
        var what: String
    }

    var topics: Topics = []
    var names = ActorNames()
    var timeNs: UInt64 = 0
    private var events: [Event] = []
    /// Older events are forgotten past this.
    var eventsMax = Int.max
    /// The key that each request under way is about, since answers do not name it.
    private var keys: [UInt64: [UInt8]] = [:]

    mutating func take() -> [String] { takeEvents().map { "\($0.who): \($0.what)" } }

    mutating func takeEvents() -> [Event] {
        defer { events = [] }
        return events.suffix(eventsMax)
    }

    mutating func note(_ topic: Topics, _ who: String, _ what: @autoclosure () -> String) {
        if topics.contains(topic) { append(who, what()) }
    }

    private mutating func append(_ who: String, _ what: String) {
        // Twice the bound, so that dropping the older half costs little an event.
        if events.count / 2 >= eventsMax { events.removeFirst(events.count - eventsMax) }
        events.append(Event(timeNs: timeNs, who: who, what: what))
    }

    mutating func note(_ message: PeerMessage, from: Int, to: Int) {
        let topic: Topics
        if case .control(let bytes) = message {
            topic = ControlMessage.isConsensus(bytes) ? .consensus : .control
        } else {
            topic = .messages
        }
        guard topics.contains(topic) else { return }
        let text = text(message)
        append("\(Node.name(from)) → \(Node.name(to))", text)
    }

    private mutating func text(_ message: PeerMessage) -> String {
        switch message {
        case .write(let id, let key, let wantsDurability, let record, _, _):
            keys[id] = key.bytes
            let object = names.text(record: record, key: key.bytes)
            let repair = DataPlane.isRepair(id) ? "repair" : "write"
            return "\(repair) \(Text.show(key.bytes)) = \(object)"
                + (wantsDurability ? ", durably" : "")
        case .check(let id, let key, _, _):
            keys[id] = key.bytes
            return "check \(Text.show(key.bytes))"
        case .hint(let id, let target, let key, let wantsDurability, let record):
            keys[id] = key.bytes
            let object = names.text(record: record, key: key.bytes)
            return
                "hint for \(Node.name(Int(target.rawValue))): \(Text.show(key.bytes)) = \(object)"
                + (wantsDurability ? ", durably" : "")
        case .handoff(_, let entries):
            let objects = entries.map { entry in
                let key = entry.key.bytes
                return "\(Text.show(key)) = \(names.text(record: entry.record, key: key))"
            }
            return "handoff " + objects.joined(separator: ", ")
        case .handedOver(_, _, let refused):
            let reasons = refused.map { ", refused \($0.index): \($0.reason)" }
            return "handed over" + reasons.joined()
        case .forward(_, let consistency, let arguments):
            let words = arguments.map { Text.show($0) }.joined(separator: " ")
            return "forward \(words), \(consistency.timeoutMs) ms left"
        case .wrote(_, let isDurable): return isDurable ? "wrote, durable" : "wrote"
        case .wroteBeside(let id, let isDurable, let wasKnown, let record):
            let text = names.text(record: record, key: keys[id] ?? [])
            return
                "wrote\(isDurable ? ", durable" : ""), beside\(wasKnown ? ", known" : ""): \(text)"
        case .same: return "same"
        case .differs(let id, let record):
            guard !record.isEmpty else { return "differs: nothing" }
            return "differs: \(names.text(record: record, key: keys[id] ?? []))"
        case .forwarded(_, let reply): return "forwarded \(Text.show(reply.dropLast(2)))"
        case .refused(_, let refusal): return "refused, \(refusal)"
        case .control(let bytes): return Self.text(control: bytes)
        // Not of this target's concern.
        default: return "\(message)"
        }
    }

    private static func text(control bytes: [UInt8]) -> String {
        do {
            switch try ControlMessage(decoding: bytes) {
            case .joinRequest: return "let me join"
            case .propose(_, .join): return "propose a join"
            case .propose(_, .setKeyspace(let prefix, let quorums)):
                return "propose keyspace \(Text.show(prefix)): \(quorums)"
            case .propose(_, .unsetKeyspace(let prefix)):
                return "propose no keyspace \(Text.show(prefix))"
            case .propose(_, let change): return "propose \(change)"
            case .accepted(_, let topology): return "accepted, epoch \(topology.epoch)"
            case .refused(_, let reason, _): return "refused: \(reason)"
            case .prepare(let preparation): return "prepare epoch \(preparation.epoch)"
            case .prepared(_, let isEmpty): return isEmpty ? "prepared" : "not empty"
            case .release: return "release"
            case .topology(let topology): return "topology, epoch \(topology.epoch)"
            case .adopted(let epoch): return "adopted epoch \(epoch)"
            case .fetch: return "fetch"
            case .detector(let message): return "\(message.body)"
            case .consensus(let message): return text(message)
            case .survey(_, let lost): return "without \(lost), what do you know?"
            case .surveyed(_, let survey):
                return survey.obstacle.isEmpty
                    ? "my log ends at \(text(survey.last))" : "not without them: \(survey.obstacle)"
            case .clock(let message): return "common clock at \(message.commonMs)"
            case .addresses(let notices):
                return "addresses "
                    + notices.map { "\($0.node) at \($0.addresses.peer)" }.joined(separator: ", ")
            }
        } catch {
            return "undecodable: \(error)"
        }
    }

    private static func text(_ message: RaftMessage) -> String {
        let what =
            switch message.kind {
            case .voteRequest(let last, let election):
                "\(election) election, my log ends at \(text(last))"
            case .vote(let isGranted, let election):
                "\(isGranted ? "yes" : "no") to the \(election) election"
            case .append(let previous, let commitIndex, let entries):
                "after \(text(previous)), committed \(commitIndex)"
                    + entries.map { ", \(text($0))" }.joined()
            case .appended(let matchIndex): "have all to \(matchIndex)"
            case .positionRequest: "where does your log end"
            case .position(let last, _): "my log ends at \(last.index) of term \(last.term)"
            case .mismatched(let previousIndex, let hint):
                "not after \(previousIndex), try \(hint)"
            case .chunk(let position, let size, let offset, let part):
                "snapshot \(text(position)), \(part.count) bytes at \(offset) of \(size)"
            case .chunkTaken(let index, let offset): "snapshot \(index) up to \(offset)"
            case .takeOver: "take over"
            }
        return "term \(message.term): \(what)"
    }

    private static func text(_ position: LogPosition) -> String {
        "\(position.index) of term \(position.term)"
    }

    private static func text(_ entry: RaftEntry) -> String {
        var what = text(entry.position)
        if let command = entry.payload.command { what += " with \(command.count) bytes" }
        if let electorate = entry.payload.electorate {
            what += " with voters \(electorate.voters), learners \(electorate.learners)"
        }
        return what
    }
}
