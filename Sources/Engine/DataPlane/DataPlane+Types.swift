internal import Causality
public import Commands
public import Essentials
public import Membership
internal import Placement
public import Wire

/// A client's command on one key, as a session hands it over.
public struct Request: Sendable {
    /// Whom to answer. Client numbers are the server's and come back in `reply`.
    public enum Origin: Sendable, Equatable {
        case client(UInt64)
        case peer(LinkID, id: UInt64)
    }

    public var origin: Origin
    public var key: ObjectKey
    public var operation: Operation
    public var consistency: Consistency
    /// By this node's monotonic clock: not to be begun from then on, if it writes. Whoever handed
    /// it over has given it up.
    public var beginByNs: UInt64 = .max
    /// The command as it came, for forwarding: needed only where this node is no replica.
    public var arguments: [[UInt8]]

    public init(
        origin: Origin, key: ObjectKey, operation: Operation, consistency: Consistency,
        arguments: [[UInt8]] = []
    ) {
        self.origin = origin
        self.key = key
        self.operation = operation
        self.consistency = consistency
        self.arguments = arguments
    }
}

/// A connection that a peer opened to us, named by the server; answers go back on it.
public struct LinkID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64

    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What an effect waits for before it may leave: the batch that holds the stores it tells of.
public struct Hold: Sendable, Equatable {
    /// The number of the batch; 0 waits for nothing.
    public var batch: UInt64
    /// Whether the batch must be past an fsync, or only written.
    public var isDurable: Bool

    public init(batch: UInt64, isDurable: Bool) {
        self.batch = batch
        self.isDurable = isDurable
    }

    public static let none = Hold(batch: 0, isDurable: false)
}

extension DataPlane {
    public enum Event: Sendable {
        case requested(Request)
        /// A message that came with this frame header, on a link that `node` opened (requests) or
        /// that we opened to it (answers).
        case received(PeerMessage, from: NodeNumber, link: LinkID, PeerFrameHeader)
        case loaded(ObjectKey, token: UInt64, LoadResult)
        /// Every batch up to this number is in RocksDB and the page cache.
        case written(UInt64)
        /// Every batch up to this number is past an fsync.
        case durable(UInt64)
        case linkOpened(NodeNumber)
        /// What the monotonic clock of the node showed, in a frame that came on the connection that
        /// we opened to it and was here at `atNs` by our own: read then or later, not earlier.
        case clockHeard(NodeNumber, remoteNs: UInt64, atNs: UInt64)
        case linkClosed(NodeNumber)
        /// The failure detector has another opinion of the node.
        case peerJudged(NodeNumber, Liveness)
        case topologyAdopted(Topology)
        /// This node must not serve, whatever its topology says; clients are told why.
        case suspended(String)
        /// Dots of this node up to this epoch may be forgotten: none of them is continued.
        case forgotten(upToMs: UInt64)
        /// Client writes wait while an authority asks whether the cluster is empty.
        case writesHeld(Bool)
        /// The disk holds the promise that no epoch exceeds this, in ms.
        case epochCeilingRaised(UInt64)
        case spaceChanged(isLow: Bool)
        /// This node's own wall clock is near the members' common one, or is not any more.
        case clockJudged(ClockJudgement)
        /// An admin has set other limits.
        case limitsChanged(driftMsMax: UInt64, valueSizeMax: Int)
        /// An admin asks what the replicas hold; `token` comes back in `describe`, at most
        /// `timeoutMs` and a tick later.
        case descriptionWanted(ObjectKey, token: UInt64, timeoutMs: UInt64)
        /// The sweeper found a key whose deadline has passed and whose payload is still stored.
        case expiryFound(ObjectKey)
        /// The accounts of hints that this shard's partitions have in storage: the first event.
        case hintsFound([HintAccountRecord])
        case hintsLoaded(token: UInt64, HintLoadResult)
        case hintsScanned(token: UInt64, HintScanResult)
        /// An admin has set other bounds of hints.
        case hintLimitsChanged(bytesMax: Int, ageMsMax: UInt64)
        /// Due every `tickMs`, and at `nextWakeNs`.
        case ticked
    }

    public enum LoadResult: Sendable {
        case record([UInt8])
        case absent
        /// The storage cannot read this record, or its bytes are not what was written.
        case unreadable
        /// Too many reads wait for the disk.
        case overloaded
    }

    /// What to do, in this order. All `store`s of one pass of the loop form one batch, numbered by
    /// `closeBatch`.
    public enum Effect: Sendable {
        /// Read the key's record; `token` comes back in `loaded`.
        case load(ObjectKey, token: UInt64)
        case store(ObjectKey, record: [UInt8])
        case reply(UInt64, Reply, after: Hold)
        /// On the connection that this shard opened to the node.
        case send(NodeNumber, PeerMessage, after: Hold)
        /// On a connection that a peer opened.
        case answer(LinkID, PeerMessage, after: Hold)
        /// Somebody waits for durability that the policy would not give soon: fsync now.
        case requestSync
        /// Put a record into the hints family, in this pass's batch. The keys are `HintRecord`'s.
        case storeHint(key: [UInt8], value: [UInt8])
        case dropHint(key: [UInt8])
        /// Drop all records of the hints family with `from <= key < to`.
        case dropHints(from: [UInt8], to: [UInt8])
        /// Read records of the hints family; `token` comes back in `hintsLoaded`.
        case loadHints(keys: [[UInt8]], token: UInt64, after: Hold)
        /// Read records of the hints family from `from` on and before `to`, off the loop, until
        /// one of the limits is reached; `token` comes back in `hintsScanned`.
        case scanHints(
            from: [UInt8], to: [UInt8], limit: HintScanLimit, token: UInt64, after: Hold)
        case tellOfHints(HintNotice)
        /// Drop every object of this shard, in this pass's batch: a flush was adopted.
        case dropAll
        /// Tell the admin who asked.
        case describe(token: UInt64, KeyDescription)
        /// The trust horizon has moved: keep it with the next clean stop's marker.
        case horizonMoved(UInt64)
        /// The node has let a request time out: the failure detector should look at it. At most one
        /// for a node in `PeerTimeouts.pauseNs`.
        case peerTimedOut(NodeNumber)
    }

    /// What a shard is told once.
    public struct Settings: Sendable {
        public var node: NodeNumber
        /// Acknowledge only what is past an fsync (`wal-sync always`).
        public var acknowledgesDurable: Bool
        /// Bytes of decoded objects held in memory.
        public var cacheBytesMax: Int
        /// Actors that a context keeps (DESIGN section 4: 50).
        public var contextActorsMax: Int
        public var driftMsMax: UInt64
        /// A value after APPEND, SETRANGE and the like may not be longer.
        public var valueSizeMax: Int
        /// Actor epochs from before this, in ms, are not continued.
        public var trustHorizonMs: UInt64
        /// Actor epochs do not exceed this, in ms, until `epochCeilingRaised`.
        public var epochCeilingMs: UInt64
        /// No actor epoch of the node's earlier runs is greater, in ms.
        public var epochsUsedMs: UInt64
        /// Bytes of hints that this shard keeps; past it the oldest go.
        public var hintBytesMax: Int
        /// Hints that have waited for longer go, too.
        public var hintAgeMsMax: UInt64
        /// Whether commands wait, after a start and after a standstill, until it is known how far
        /// the other members are.
        public var confirmsEpoch = false
        /// Requests under way at once; past it clients get `-OVERLOADED`. At 500 bytes each,
        /// 32 MiB.
        package var inFlightMax = 65_536
        /// Events that wait for loads; the same bound, for the same reason.
        package var parkedMax = 65_536
        /// Bounds of bytes that are under way, and that wait; of writes that some replica owes an
        /// answer; and of what a key may gather: see where `DataPlane` names them.
        package var writeBytesMax = DataPlane.writeBytesMax
        package var parkedBytesMax = DataPlane.parkedBytesMax
        package var lingeringMax = DataPlane.lingeringMax
        package var siblingsMax = DataPlane.siblingsMax
        package var tokenExceptionsMax = DataPlane.tokenExceptionsMax
        /// Whether no command is carried out before it is known what time the members have.
        public var waitsForClock = false
        /// A mistake to make, for the simulator to find.
        package var bug = DeliberateBug.none

        public init(
            node: NodeNumber, acknowledgesDurable: Bool, cacheBytesMax: Int,
            contextActorsMax: Int = 50, driftMsMax: UInt64 = 60_000, valueSizeMax: Int = 16 << 20,
            trustHorizonMs: UInt64 = 0, epochCeilingMs: UInt64 = 1 << 48 - 1,
            epochsUsedMs: UInt64 = 0, hintBytesMax: Int = 1 << 30,
            hintAgeMsMax: UInt64 = 7 * 86_400_000
        ) {
            self.node = node
            self.acknowledgesDurable = acknowledgesDurable
            self.cacheBytesMax = cacheBytesMax
            self.contextActorsMax = contextActorsMax
            self.driftMsMax = driftMsMax
            self.valueSizeMax = valueSizeMax
            self.trustHorizonMs = trustHorizonMs
            self.epochCeilingMs = epochCeilingMs
            self.epochsUsedMs = epochsUsedMs
            self.hintBytesMax = hintBytesMax
            self.hintAgeMsMax = hintAgeMsMax
        }
    }

    /// Counts since the start, for metrics. Plain numbers: read on the shard's own loop.
    public struct Counters: Sendable, Equatable {
        public var reads: UInt64 = 0
        public var writes: UInt64 = 0
        /// Keys that commands which only read have found a value of, and those they have not.
        public var keysFound: UInt64 = 0
        public var keysMissed: UInt64 = 0
        public var forwards: UInt64 = 0
        public var cacheHits: UInt64 = 0
        public var cacheMisses: UInt64 = 0
        public var quorumFailures: UInt64 = 0
        public var mismatches: UInt64 = 0
        /// Objects sent to replicas that were behind: while a client waited, or after its answer.
        public var repairs: UInt64 = 0
        public var backgroundRepairs: UInt64 = 0
        public var repairsFailed: UInt64 = 0
        /// Requests beyond what was needed: sent, answered before the slow one, not sent because
        /// too many were; and those sent only to know how fast a replica is now.
        public var hedges: UInt64 = 0
        public var hedgesWon: UInt64 = 0
        public var hedgesDenied: UInt64 = 0
        public var probes: UInt64 = 0
        public var replicaWrites: UInt64 = 0
        public var replicaReads: UInt64 = 0
        public var siblingsMade: UInt64 = 0
        /// Overwrites that had to remove, by one more event, what their coordinator had not known.
        public var coverings: UInt64 = 0
        public var actorsPruned: UInt64 = 0
        public var amnesias: UInt64 = 0
        /// Keys on which this node goes on under another actor, for a loss that was the key's own.
        public var actorsRenewed: UInt64 = 0
        public var refusals: UInt64 = 0
        public var stampsRefused: UInt64 = 0
        /// Objects and hints in which stamps were settled that no clock can have given.
        public var stampsSettled: UInt64 = 0
        /// Commands that were refused since this node's clock is wrong.
        public var clockRefusals: UInt64 = 0
        public var corruptRecords: UInt64 = 0
        /// Records that the disk did not give and that others have given back.
        public var recordsHealed: UInt64 = 0
        public var expirations: UInt64 = 0
        public var overloads: UInt64 = 0
        public var lateDrops: UInt64 = 0
        public var delayRefusals: UInt64 = 0
        public var diskRefusals: UInt64 = 0
        /// Writes that a fallback was asked to keep for a primary.
        public var sloppyWrites: UInt64 = 0
        /// Commands that this node has coordinated as a fallback, in want of a primary.
        public var standIns: UInt64 = 0
        /// Writes among them.
        public var standInWrites: UInt64 = 0
        public var hintsStored: UInt64 = 0
        /// Handed over to their targets, and removed.
        public var hintsDelivered: UInt64 = 0
        /// Taken from other nodes that had kept them for this one.
        public var hintsTaken: UInt64 = 0
        /// Given up: past a bound, or not to be read.
        public var hintsDropped: UInt64 = 0
        /// Partitions of a node whose hints were given up.
        public var hintRangesDropped: UInt64 = 0

        public init() {}

        mutating func noteLookup(isFound: Bool) {
            if isFound { keysFound += 1 } else { keysMissed += 1 }
        }
    }
}
