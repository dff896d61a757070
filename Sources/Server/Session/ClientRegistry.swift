internal import Commands
internal import Essentials
internal import Synchronization
internal import Wire

/// What is known of one client, for CLIENT LIST and INFO. Confined to its session's loop.
final class ClientInfo {
    let id: Int64
    let connectedNs: UInt64
    var address = ""
    var localAddress = ""
    var name = ""
    var libraryName = ""
    var libraryVersion = ""
    /// The first word of the command that came last.
    var lastName = Keyword.none
    /// The command that came last, when the session itself has carried it out.
    var lastCommand: CommandID?
    var commands: UInt64 = 0
    /// What its half-received commands take.
    var inputBytes = 0
    /// Replies that the kernel has not taken yet.
    var outputBytes = 0
    var isExemptFromEviction = false
    var leavesUseUnchanged = false
    var isCounted = true

    init(id: Int64, now: Now) {
        self.id = id
        connectedNs = now.monotonicNs
    }
}

/// Counts the clients of all loops, and the memory their buffers take. Any thread.
final class ClientRegistry: Sendable {
    private let lastID = Atomic<Int64>(0)
    private let connected = Atomic<Int>(0)
    private let received = Atomic<UInt64>(0)
    private let rejected = Atomic<UInt64>(0)
    private let buffered = Atomic<Int>(0)
    private let isRelieving = Atomic<Bool>(false)
    private let evicted = Atomic<UInt64>(0)

    /// Ids are never reused and grow.
    func nextID() -> Int64 { lastID.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Counts one client in; false, and nothing counted, when there are `max` already.
    func add(max: Int) -> Bool {
        received.wrappingAdd(1, ordering: .relaxed)
        if connected.wrappingAdd(1, ordering: .relaxed).newValue <= max { return true }
        connected.wrappingSubtract(1, ordering: .relaxed)
        rejected.wrappingAdd(1, ordering: .relaxed)
        return false
    }

    func remove() { connected.wrappingSubtract(1, ordering: .relaxed) }

    /// Replaces what one of a client's buffers takes.
    func note(_ known: inout Int, _ size: Int) {
        guard size != known else { return }
        buffered.wrappingAdd(size - known, ordering: .relaxed)
        known = size
    }

    /// Whether the caller is to look for the client that holds most: nobody else does already.
    func beginRelief() -> Bool {
        isRelieving.compareExchange(expected: false, desired: true, ordering: .relaxed).exchanged
    }

    func endRelief() { isRelieving.store(false, ordering: .relaxed) }

    func noteEviction() { evicted.wrappingAdd(1, ordering: .relaxed) }

    var count: Int { connected.load(ordering: .relaxed) }
    var receivedCount: UInt64 { received.load(ordering: .relaxed) }
    var rejectedCount: UInt64 { rejected.load(ordering: .relaxed) }
    /// Commands half received and replies half sent, of all clients together.
    var bufferedBytes: Int { buffered.load(ordering: .relaxed) }
    /// Clients closed because all together held too much.
    var evictedCount: UInt64 { evicted.load(ordering: .relaxed) }
}
