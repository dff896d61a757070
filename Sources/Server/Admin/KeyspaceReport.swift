public import Essentials
public import Membership
internal import Placement

/// `GET /v1/keyspaces`: the keyspaces of the cluster, as the node that was asked knows them. Also
/// what a change is answered.
public struct KeyspaceReport: Sendable {
    /// The version of the topology that has them.
    public var epoch: UInt64
    public var n: Int
    /// Ascending by prefix.
    public var keyspaces: [Keyspace]

    public init(epoch: UInt64, n: Int, keyspaces: [Keyspace]) {
        self.epoch = epoch
        self.n = n
        self.keyspaces = keyspaces
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"epoch", "n",
    ///      "keyspaces": [{"prefix", "prefix_hex", "r", "w", "pr", "pw", "dw"}]}
    ///
    /// `prefix` shows bytes that are no UTF-8 as U+FFFD, `prefix_hex` has them all. A quorum is a
    /// number, `"ONE"`, `"QUORUM"`, `"ALL"`, or null where the settings of each node decide.
    public var json: JSON {
        [
            "epoch": .exact(epoch),
            "n": .integer(n),
            "keyspaces": .array(keyspaces.map(Self.json)),
        ]
    }

    private static func json(_ keyspace: Keyspace) -> JSON {
        var members = [
            JSON.Member("prefix", .readable(keyspace.prefix)),
            JSON.Member("prefix_hex", .hexadecimal(keyspace.prefix)),
        ]
        for name in Quorums.Name.allCases {
            members.append(JSON.Member(name.text, json(keyspace.quorums[name])))
        }
        return .object(members)
    }

    private static func json(_ quorum: Quorum?) -> JSON {
        switch quorum {
        case nil: .null
        case .number(let number): .integer(number)
        case let quorum?: .string(quorum.text)
        }
    }
}
