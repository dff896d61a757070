public import Essentials

/// `GET /v1/status`: the node that was asked, and the cluster as it sees it.
public struct StatusReport: Sendable {
    /// A member of the cluster.
    public struct Member: Sendable {
        /// 32 hexadecimal digits, for ever the same.
        public var id: String
        /// The short number that the topology gave it.
        public var number: Int
        public var clientAddress: String
        public var peerAddress: String
        public var adminAddress: String
        public var zone: String
        public var weight: Int
        /// Whether the node that was asked can reach it now. True for itself.
        public var isReachable: Bool
        /// What its failure detector says of it: `alive`, `suspect` or `dead`; or `lost`, when the
        /// cluster was recovered without it.
        public var liveness: String
        /// The (node, partition) pairs that it holds, and those of them in which it is the first.
        public var vnodes: Int
        public var firstPlaces: Int

        public init(
            id: String, number: Int, clientAddress: String, peerAddress: String,
            adminAddress: String, zone: String, weight: Int, isReachable: Bool, liveness: String,
            vnodes: Int, firstPlaces: Int
        ) {
            self.id = id
            self.number = number
            self.clientAddress = clientAddress
            self.peerAddress = peerAddress
            self.adminAddress = adminAddress
            self.zone = zone
            self.weight = weight
            self.isReachable = isReachable
            self.liveness = liveness
            self.vnodes = vnodes
            self.firstPlaces = firstPlaces
        }
    }

    /// Whom a member sees.
    public struct View: Sendable {
        public var node: Int
        /// What it says of the others, by number; nil when it did not answer.
        public var sees: [(node: Int, liveness: String)]?

        public init(node: Int, sees: [(node: Int, liveness: String)]?) {
            self.node = node
            self.sees = sees
        }
    }

    /// How the members agree on the topology.
    public struct Consensus: Sendable {
        /// Counts leaders and those who tried: it grows when one is replaced.
        public var term: UInt64
        /// The number of the member that leads; nil when the node that was asked knows of none.
        public var leader: Int?
        /// Numbers of the members that decide by majority, and of those that only follow.
        public var voters: [Int]
        public var learners: [Int]
        /// Voters that the node has heard lately, itself included.
        public var votersHeard: Int
        public var commitIndex: UInt64
        public var lastIndex: UInt64
        public var logBytes: Int

        public init(
            term: UInt64, leader: Int?, voters: [Int], learners: [Int], votersHeard: Int,
            commitIndex: UInt64, lastIndex: UInt64, logBytes: Int
        ) {
            self.term = term
            self.leader = leader
            self.voters = voters
            self.learners = learners
            self.votersHeard = votersHeard
            self.commitIndex = commitIndex
            self.lastIndex = lastIndex
            self.logBytes = logBytes
        }
    }

    /// Nil until the node is a member of a cluster.
    public var clusterID: String?
    /// The number of the node that was asked; nil until it is a member.
    public var number: Int?
    /// Its identifier.
    public var id: String
    public var uptimeSeconds: Int
    /// Why it does not serve; nil when it does.
    public var unreadiness: String?
    /// The version of the topology.
    public var epoch: UInt64
    public var consensus: Consensus
    public var partitions: Int
    public var n: Int
    public var r: Int
    public var w: Int
    /// How many there are.
    public var keyspaces: Int
    public var shards: Int
    public var connectedClients: Int
    /// An estimate: keys of the partitions that this node holds, replicas of others' included.
    public var keys: Int
    public var memoryBytes: Int
    public var diskFreeBytes: Int
    /// `ample`, `low` (new values are refused) or `exhausted` (nothing is written).
    public var diskState: String
    /// Starts after a run that had not ended in order.
    public var uncleanStarts: Int
    public var members: [Member]
    /// By number, of all members.
    public var views: [View]
    public var load: LoadReport

    public init(
        clusterID: String?, number: Int?, id: String, uptimeSeconds: Int, unreadiness: String?,
        epoch: UInt64, consensus: Consensus, partitions: Int, n: Int, r: Int, w: Int,
        keyspaces: Int = 0, shards: Int, connectedClients: Int, keys: Int, memoryBytes: Int,
        diskFreeBytes: Int, diskState: String, uncleanStarts: Int, members: [Member], views: [View],
        load: LoadReport = LoadReport()
    ) {
        self.clusterID = clusterID
        self.number = number
        self.id = id
        self.uptimeSeconds = uptimeSeconds
        self.unreadiness = unreadiness
        self.epoch = epoch
        self.consensus = consensus
        self.partitions = partitions
        self.n = n
        self.r = r
        self.w = w
        self.keyspaces = keyspaces
        self.shards = shards
        self.connectedClients = connectedClients
        self.keys = keys
        self.memoryBytes = memoryBytes
        self.diskFreeBytes = diskFreeBytes
        self.diskState = diskState
        self.uncleanStarts = uncleanStarts
        self.members = members
        self.views = views
        self.load = load
    }

    /// Scripted against: names may be added, never changed.
    ///
    ///     {"node": {"id", "number", "version", "uptime_seconds", "ready", "unreadiness", "shards",
    ///               "connected_clients", "keys", "memory_bytes", "disk_free_bytes",
    ///               "disk_state", "unclean_starts"},
    ///      "cluster": {"id", "epoch", "authority", "partitions", "n", "r", "w"},
    ///      "consensus": {"term", "leader", "voters", "learners", "voters_heard",
    ///                    "commit_index", "last_index", "log_bytes"},
    ///      "members": [{"id", "number", "client_address", "peer_address", "admin_address",
    ///                   "zone", "weight", "reachable", "liveness", "self", "vnodes",
    ///                   "first_places", "share"}],
    ///      "views": [{"node", "answered", "sees": [{"node", "liveness"}]}],
    ///      "load": …}
    ///
    /// `share` is the member's part of all vnodes, from 0 to 1. `liveness` is `alive`, `suspect`
    /// or `dead`; of `views`, in the eyes of each member.
    public var json: JSON {
        let vnodes = members.reduce(0) { $0 + $1.vnodes }
        return [
            "node": [
                "id": .string(id),
                "number": number.map(JSON.integer) ?? nil,
                "version": .string(Release.version),
                "uptime_seconds": .integer(uptimeSeconds),
                "ready": .bool(unreadiness == nil),
                "unreadiness": unreadiness.map(JSON.string) ?? nil,
                "shards": .integer(shards),
                "connected_clients": .integer(connectedClients),
                "keys": .integer(keys),
                "memory_bytes": .integer(memoryBytes),
                "disk_free_bytes": .integer(diskFreeBytes),
                "disk_state": .string(diskState),
                "unclean_starts": .integer(uncleanStarts),
            ],
            "cluster": [
                "id": clusterID.map(JSON.string) ?? nil,
                "epoch": .exact(epoch),
                // The leader, by the name that it had when one member always was it.
                "authority": consensus.leader.map(JSON.integer) ?? nil,
                "partitions": .integer(partitions),
                "n": .integer(n),
                "r": .integer(r),
                "w": .integer(w),
                "keyspaces": .integer(keyspaces),
            ],
            "consensus": consensus.json,
            "members": .array(
                members.map { member in
                    [
                        "id": .string(member.id),
                        "number": .integer(member.number),
                        "client_address": .string(member.clientAddress),
                        "peer_address": .string(member.peerAddress),
                        "admin_address": .string(member.adminAddress),
                        "zone": .string(member.zone),
                        "weight": .integer(member.weight),
                        "reachable": .bool(member.isReachable),
                        "liveness": .string(member.liveness),
                        "self": .bool(member.number == number),
                        "vnodes": .integer(member.vnodes),
                        "first_places": .integer(member.firstPlaces),
                        "share": .number(Double(member.vnodes) / Double(max(1, vnodes))),
                    ]
                }),
            "views": .array(views.map(\.json)),
            "load": load.json,
        ]
    }
}

extension StatusReport.View {
    fileprivate var json: JSON {
        let seen = (sees ?? []).map { other -> JSON in
            ["node": .integer(other.node), "liveness": .string(other.liveness)]
        }
        return [
            "node": .integer(node), "answered": .bool(sees != nil), "sees": .array(seen),
        ]
    }
}

extension StatusReport.Consensus {
    fileprivate var json: JSON {
        [
            "term": .exact(term),
            "leader": leader.map(JSON.integer) ?? nil,
            "voters": .array(voters.map(JSON.integer)),
            "learners": .array(learners.map(JSON.integer)),
            "voters_heard": .integer(votersHeard),
            "commit_index": .exact(commitIndex),
            "last_index": .exact(lastIndex),
            "log_bytes": .integer(logBytes),
        ]
    }
}
