internal import Essentials
internal import Placement
internal import Wire

/// The delivery of one node's hints by one shard: passes over its partitions in the order of
/// positions, a chunk at a time, as many chunks under way as the receiver grants.
struct HintDelivery: Sendable {
    /// A read of the next chunk that is under way.
    struct Scan: Sendable {
        let token: UInt64
        let partition: PartitionID
        /// Whether it begins where the partition does.
        let isFromStart: Bool
        /// Keys whose hints were stored since: what comes may be older than what is stored.
        var changed: Set<ObjectKey> = []
    }

    /// A chunk is one message, read and built in one pass of the holder's loop: at 1 µs a hint, it
    /// holds up clients for a tenth of a millisecond.
    static let chunkMax = HintScanLimit(records: 96, bytes: 64 << 10)
    /// What a receiver lets be under way, with each record's cost (`Pacer.recordCost`). Chunks wait
    /// for each other to share an fsync, which is to be for more than a few. Of many holders, each
    /// may have one or two chunks under way.
    static let windowBytesMin = 2 * chunkMax.bytes
    static let windowBytesMax = 16 * chunkMax.bytes
    /// What it grants before it has said anything: one chunk.
    static let firstWindowBytes = 1
    /// The pause after a failure doubles from the first to the last: a target that takes nothing
    /// is not offered it again and again.
    static let pauseNsMin: UInt64 = 250_000_000
    static let pauseNsMax: UInt64 = 30_000_000_000

    let target: NodeNumber
    var isRunning = false
    /// Where the pass has come to: a partition, and in it the next key; nil for its first.
    var partition = 0
    var next: [UInt8]?
    var scan: Scan?
    var chunksUnderWay = 0
    /// Their keys and records, and what these cost besides.
    var bytesUnderWay = 0
    var windowBytes = HintDelivery.firstWindowBytes
    /// Nothing is sent before this.
    var restUntilNs: UInt64 = 0
    var pauseNs = HintDelivery.pauseNsMin
    var deliveredInPass = 0
    /// Whether this pass has left out what the disk did not give.
    var hasSkipped = false

    var delivered: UInt64 = 0
    var deliveredBefore: UInt64 = 0
    /// Hints a second, over the last one.
    var rate = 0

    init(target: NodeNumber) { self.target = target }

    var hasRoom: Bool { chunksUnderWay == 0 || bytesUnderWay < windowBytes }

    mutating func start() {
        isRunning = true
        partition = 0
        next = nil
        scan = nil
        chunksUnderWay = 0
        bytesUnderWay = 0
        deliveredInPass = 0
        hasSkipped = false
    }

    /// Ends the pass; the next one begins after a pause.
    mutating func stop(nowNs: UInt64, hasFailed: Bool) {
        isRunning = false
        scan = nil
        restUntilNs = nowNs + pauseNs
        pauseNs = hasFailed ? min(2 * pauseNs, Self.pauseNsMax) : Self.pauseNsMin
    }

    mutating func secondPassed() {
        rate = Int(delivered - deliveredBefore)
        deliveredBefore = delivered
    }
}

/// Hints under way to a node, which removes nothing here before it has answered.
struct Handoff: InFlight {
    let target: NodeNumber
    let destination: NodeNumber
    let partition: PartitionID
    let keys: [ObjectKey]
    /// Of each key: the bytes that its hint takes.
    let sizes: [Int]
    /// What they count for in the receiver's window.
    let bytes: Int
    let deadlineNs: UInt64
    /// Keys whose hints were stored since: what is acknowledged is not what is stored now.
    var changed: Set<ObjectKey>
}

/// Hints that a holder has sent, being merged one after the other.
struct IncomingHandoff: InFlight {
    let link: LinkID
    let id: UInt64
    let entries: [HandoffEntry]
    /// The entry that is next.
    var next = 0
    var refused: [HandoffRefusal] = []
    /// The batch that holds the last of the stores.
    var batch: UInt64 = 0

    /// Of the records.
    var bytes: Int { entries.reduce(0) { $0 + $1.record.count } }
}
