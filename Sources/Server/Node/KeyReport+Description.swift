internal import Causality
internal import Engine
internal import Essentials
internal import Objects
internal import Wire

// From what the engine tells of a replica's copy to what admins read.

extension KeyReport.Replica.Copy {
    init(_ copy: KeyDescription.Copy, nowMs: UInt64) {
        switch copy {
        case .object(let object): self = .object(KeyReport.Replica.Object(object, nowMs: nowMs))
        case .none: self = .none
        case .unknown(let silence): self = .unknown(silence.text)
        }
    }
}

extension KeyReport.Replica.Object {
    init(_ object: Objects.Object, nowMs: UInt64) {
        let siblings = object.siblings(nowMs: nowMs)
        self.init(
            context: Self.text(object.context),
            digest: Self.hexadecimal(object.context.fingerprint),
            type: siblings.isEmpty ? nil : "string", siblings: siblings.count,
            valueBytes: siblings.first?.count ?? 0, expiresAtMs: object.deadlineMs,
            timestamp: Self.winner(of: object).map { Self.text($0) })
    }

    /// The entry that GET shows: the latest register, or with counters alone the latest of them.
    private static func winner(of object: Objects.Object) -> Entry? {
        let registers = object.entries.filter { entry in
            if case .register = entry.content { true } else { false }
        }
        let candidates = registers.isEmpty ? Array(object.entries) : Array(registers)
        return candidates.max { ($0.stamp, $0.dot) < ($1.stamp, $1.dot) }
    }

    /// Wall clock in ms, the count within it, and the node that wrote: `1700000000000.3@2`.
    private static func text(_ entry: Entry) -> String {
        "\(entry.stamp.wallMs).\(entry.stamp.rawValue & 0xFFFF)@\(entry.dot.actor.node)"
    }

    /// `1@1700000000000:3, 2@1700000000123:1`; dots beyond gaps stand behind.
    private static func text(_ context: CausalContext) -> String {
        let entries = context.entries.map { "\($0.actor):\($0.counter)" }
        return (entries + context.exceptions.map(\.description)).joined(separator: ", ")
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension KeyDescription.Silence {
    fileprivate var text: String {
        switch self {
        case .unreachable: "cannot be reached"
        case .noAnswer: "did not answer in time"
        case .malformed: "answered what cannot be decoded"
        case .refused(.epoch): "goes by another topology"
        case .refused(.notReplica): "is no replica of the key by its topology"
        case .refused(.corrupt), .refused(.unreadable): "its copy is corrupt"
        case .refused(.overloaded): "is overloaded"
        case .refused(.diskFull): "its disk is full"
        case .refused(.late): "it did not come to it in time"
        case .refused(.clock): "its clock is too far away"
        }
    }
}
