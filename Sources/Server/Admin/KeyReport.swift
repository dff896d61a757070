public import Essentials

/// `GET /v1/explain?key=…`: where a key lives, and what each of its replicas has of it.
public struct KeyReport: Sendable {
    /// One replica's copy.
    public struct Replica: Sendable {
        public enum Copy: Sendable {
            /// It did not answer; the text says why, for people.
            case unknown(String)
            /// It has never seen the key.
            case none
            case object(Object)
        }

        public struct Object: Sendable {
            /// The causal context, for people: `1@1700000000000:3, 2@1700000000123:1`.
            public var context: String
            /// 16 hexadecimal digits, the same where the context is the same.
            public var digest: String
            /// `string` for now; nil for a tombstone.
            public var type: String?
            /// Values that none of the others covers; 0 for a tombstone.
            public var siblings: Int
            /// The size of the winning value.
            public var valueBytes: Int
            /// The deadline in ms since 1970, when there is one.
            public var expiresAtMs: UInt64?
            /// The hybrid timestamp of the winner, for people.
            public var timestamp: String?

            public init(
                context: String, digest: String, type: String?, siblings: Int, valueBytes: Int,
                expiresAtMs: UInt64?, timestamp: String?
            ) {
                self.context = context
                self.digest = digest
                self.type = type
                self.siblings = siblings
                self.valueBytes = valueBytes
                self.expiresAtMs = expiresAtMs
                self.timestamp = timestamp
            }
        }

        public var number: Int
        public var clientAddress: String
        public var zone: String
        public var isReachable: Bool
        public var copy: Copy

        public init(number: Int, clientAddress: String, zone: String, isReachable: Bool, copy: Copy)
        {
            self.number = number
            self.clientAddress = clientAddress
            self.zone = zone
            self.isReachable = isReachable
            self.copy = copy
        }
    }

    /// What a node keeps for a replica that has missed it.
    public struct Hint: Sendable {
        public var holder: Int
        public var target: Int
        public var object: Replica.Object

        public init(holder: Int, target: Int, object: Replica.Object) {
            self.holder = holder
            self.target = target
            self.object = object
        }
    }

    public var key: [UInt8]
    public var slot: Int
    public var position: UInt64
    public var partition: Int
    /// The primaries, in order of preference.
    public var replicas: [Replica]
    /// The numbers of the nodes that stand in for primaries, in the order in which they are asked.
    public var fallbacks: [Int]
    /// Pending hints, of all members that could be asked.
    public var hints: [Hint]
    /// The prefix of the keyspace that it belongs to; nil without one.
    public var keyspace: [UInt8]?
    /// What requests on it run under, when they and their connections ask for nothing else.
    public var quorums: QuorumReport

    public init(
        key: [UInt8], slot: Int, position: UInt64, partition: Int, replicas: [Replica],
        fallbacks: [Int], hints: [Hint] = [], keyspace: [UInt8]?, quorums: QuorumReport
    ) {
        self.key = key
        self.slot = slot
        self.position = position
        self.partition = partition
        self.replicas = replicas
        self.fallbacks = fallbacks
        self.hints = hints
        self.keyspace = keyspace
        self.quorums = quorums
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"key", "key_hex", "slot", "position", "partition", "keyspace", "keyspace_hex",
    ///      "quorums": {"r", "w", "pr", "pw", "dw"}, "agree",
    ///      "replicas": [{"number", "client_address", "zone", "reachable", "state", "error",
    ///                    "context", "digest", "type", "siblings", "tombstone", "value_bytes",
    ///                    "expires_at_ms", "timestamp"}],
    ///      "fallbacks": [4, 5],
    ///      "hints": [{"holder", "target", "context", "digest", "siblings", "tombstone",
    ///                 "value_bytes"}]}
    ///
    /// `key` shows bytes that are no UTF-8 as U+FFFD, `key_hex` has them all; `position` is 16
    /// hexadecimal digits. `keyspace` is the prefix of the keyspace that applies, or null, and
    /// `quorums` what requests at this node run under that ask for nothing else. `state` is
    /// `object`, `tombstone`, `none` (never seen) or `unknown` (no answer: see `error`); what the
    /// state does not have is null. `agree` says whether all replicas answered and have the same
    /// context.
    public var json: JSON {
        [
            "key": .readable(key),
            "key_hex": .hexadecimal(key),
            "slot": .integer(slot),
            "position": .string(Self.hexadecimal(position)),
            "partition": .integer(partition),
            "keyspace": keyspace.map(JSON.readable) ?? nil,
            "keyspace_hex": keyspace.map(JSON.hexadecimal) ?? nil,
            "quorums": quorums.json,
            "agree": .bool(agree),
            "replicas": .array(replicas.map(\.json)),
            "fallbacks": .array(fallbacks.map(JSON.integer)),
            "hints": .array(hints.map(\.json)),
        ]
    }

    private var agree: Bool {
        let contexts = replicas.map { replica -> String? in
            switch replica.copy {
            case .unknown: nil
            case .none: ""
            case .object(let object): object.context
            }
        }
        return contexts.allSatisfy { $0 != nil && $0 == contexts.first }
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension KeyReport.Hint {
    fileprivate var json: JSON {
        [
            "holder": .integer(holder),
            "target": .integer(target),
            "context": .string(object.context),
            "digest": .string(object.digest),
            "siblings": .integer(object.siblings),
            "tombstone": .bool(object.siblings == 0),
            "value_bytes": .integer(object.valueBytes),
        ]
    }
}

extension KeyReport.Replica {
    fileprivate var json: JSON {
        var state = "none"
        var error: String?
        var object: Object?
        switch copy {
        case .none: break
        case .unknown(let reason): (state, error) = ("unknown", reason)
        case .object(let copy):
            state = copy.siblings == 0 ? "tombstone" : "object"
            object = copy
        }
        return [
            "number": .integer(number),
            "client_address": .string(clientAddress),
            "zone": .string(zone),
            "reachable": .bool(isReachable),
            "state": .string(state),
            "error": error.map(JSON.string) ?? nil,
            "context": object.map { .string($0.context) } ?? nil,
            "digest": object.map { .string($0.digest) } ?? nil,
            "type": object?.type.map(JSON.string) ?? nil,
            "siblings": object.map { .integer($0.siblings) } ?? nil,
            "tombstone": .bool(state == "tombstone"),
            "value_bytes": object.map { .integer($0.valueBytes) } ?? nil,
            "expires_at_ms": object?.expiresAtMs.map(JSON.exact) ?? nil,
            "timestamp": object?.timestamp.map(JSON.string) ?? nil,
        ]
    }
}
