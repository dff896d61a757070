internal import Consensus
internal import Engine
internal import Essentials
internal import Membership
internal import Wire

/// One node of a cluster: a disk, clocks, and, while it runs, a process.
struct Node {
    let index: Int
    let description: MemberDescription
    /// Where it takes other nodes' connections. No two that run do so at one place.
    var listens: String
    var disk = Disk()
    /// How far its wall clock is ahead.
    var skewMs: Int64 = 0
    /// Counts starts: what was planned for an earlier life does not happen.
    var life = 0
    var process: Process?
    /// Batches wait until the test lets them be written, and synced.
    var isDiskHeld = false
    /// How many times as long as others its disk takes.
    var diskSlowness = 1
    /// How long each pass of its loops takes at least, in ms: others use the machine's processors.
    var passMsMin = 0
    /// The process stands still (SIGSTOP); what should have happened to it waits.
    var isPaused = false
    var waiting: [Cluster.Happening] = []
    var fuse: Fuse?
    var stall: Stall?
    /// Loops that its next process has.
    var shards: Int
    /// What the run waits for the process to do. Gone when it ends.
    var traps: [Trap] = []
    /// Its next write or sync fails, which ends the process.
    var isDiskFailing = false
    /// It is no member any more, and never started again.
    var isRetired = false

    /// Ends the process in the midst of its work.
    struct Fuse {
        /// Effects, writes and syncs that are still carried out.
        var steps: Int
        var losesPower: Bool
    }

    /// Lets a loop stand still in the midst of its work, or the whole process.
    struct Stall {
        /// Effects, writes and frames that are still carried out.
        var steps: Int
        var ns: UInt64
        var isOfProcess: Bool
    }

    /// What a node does when it is likely to matter that something goes wrong.
    enum Trap {
        /// It takes something for committed.
        case commit
        /// It gives somebody else its vote.
        case vote
        /// It says that it leads.
        case leading
        /// It sends entries to the first of those that it leads.
        case entries
        /// The same, of entries that say who votes.
        case voters
        /// It says that it has what its leader has sent.
        case confirmation

        func isSprung(by message: PeerMessage) -> Bool {
            guard case .control(let bytes) = message, ControlMessage.isConsensus(bytes),
                case .consensus(let message)? = try? ControlMessage(decoding: bytes)
            else { return false }
            return switch (self, message.kind) {
            case (.vote, .vote(isGranted: true, let election)): election != .preliminary
            case (.leading, .append), (.confirmation, .appended): true
            case (.entries, .append(_, _, let entries)): !entries.isEmpty
            case (.voters, .append(_, _, let entries)):
                entries.contains { $0.payload.electorate != nil }
            default: false
            }
        }
    }

    var isRunning: Bool { process != nil }
    var isStalled: Bool { process?.shards.contains { $0.isStalled } ?? false }
    var number: NodeNumber { NodeNumber(rawValue: UInt16(index)) }
    var name: String { Self.name(index) }

    init(_ description: MemberDescription, index: Int, shards: Int) {
        self.index = index
        self.description = description
        listens = description.addresses.peer
        self.shards = shards
    }

    /// Node 1 is A.
    static func name(_ index: Int) -> String {
        String(decoding: [UInt8(ascii: "A") + UInt8(index - 1)], as: UTF8.self)
    }

    static func index(_ name: String) -> Int? {
        guard name.utf8.count == 1, let letter = name.utf8.first, letter >= UInt8(ascii: "A"),
            letter <= UInt8(ascii: "Z")
        else { return nil }
        return Int(letter - UInt8(ascii: "A")) + 1
    }
}

/// What is in a running node's memory: the machines of the engine, and what the server keeps for
/// them.
final class Process {
    /// One data plane and its loop.
    struct Shard {
        var plane: DataPlane
        /// What it serves by, and what requests run under by that.
        var topology: Topology
        var rules: ConsistencyRules
        var inbox: [LoopInput] = []
        /// Since when the next pass is planned; nil when none is.
        var passPlannedNs: UInt64?
        /// What the pass under way has still to do, and what follows from what it did last.
        var work = Queue<LoopWork>()
        var effects = Queue<DataPlane.Effect>()
        /// The clocks, read once a pass; nil between passes.
        var passNow: Now?
        /// The loop stands still in the midst of a pass.
        var isStalled = false
        /// Clients of this loop that have replies to be written.
        var dirtyClients: [ClientConnection] = []
        /// What the shard's timer is set to; .max for nothing.
        var wakeNs = UInt64.max
        /// What this pass has stored so far.
        var changes: [Disk.Change] = []
        var wantsSync = false
        var writtenBatch: UInt64 = 0
        var durableBatch: UInt64 = 0
        var heldForWritten = HeldEffects()
        var heldForDurable = HeldEffects()
        /// What leaves at the end of this pass, one frame a connection.
        var outbox: [Outgoing] = []

        struct Outgoing {
            var target: Int
            var connection: Connection
            var isAnswer: Bool
            var messages: [PeerMessage]
        }

        var heldCount: Int { heldForWritten.count + heldForDurable.count }

        /// Whether another pass has to follow.
        var hasMoreToDo: Bool { !inbox.isEmpty || !outbox.isEmpty || plane.hasOpenBatch }

        /// Whether nothing waits to be taken in or carried out.
        var isIdle: Bool { inbox.isEmpty && work.isEmpty && effects.isEmpty && changes.isEmpty }

        func isReached(_ hold: Hold) -> Bool {
            hold.batch <= (hold.isDurable ? durableBatch : writtenBatch)
        }
    }

    var shards: [Shard]
    var control: ControlPlane
    var detector: FailureDetector
    var book: AddressBook
    /// Tries to connect to each node since that was done last. Looked up and never iterated.
    var tries: [Int: Int] = [:]
    /// Its address is told again from then on, if another one is written down.
    var tellAgainNs: UInt64 = 0
    /// The topology whose members the detector knows.
    var detectorEpoch: UInt64 = 0
    var clock: CommonClock
    /// Effects of the control plane that wait until what was agreed before them is durable.
    var controlEffects: [ControlPlane.Effect] = []
    /// The write of the log that the effects after it wait for.
    var persisting: RaftWrite?
    /// Effects that wait until the topology before them is stored and adopted.
    var topologyEffects: [ControlPlane.Effect] = []
    var isStoringTopology = false
    /// The epoch that the shards are about to serve by, and to make durable what it drops.
    var adopting: UInt64?
    var inspections: [Preparation] = []
    /// Batches that the disk has not taken yet, in their order.
    var unwritten: [Disk.Batch] = []
    var isSyncing = false

    init(
        shards: [Shard], control: ControlPlane, detector: FailureDetector, clock: CommonClock,
        book: AddressBook
    ) {
        self.shards = shards
        self.control = control
        self.detector = detector
        self.clock = clock
        self.book = book
    }
}
