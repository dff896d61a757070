internal import Essentials
internal import Synchronization

/// What is known of one client, for CLIENT LIST and INFO. Confined to its session's loop.
final class ClientInfo {
    let id: Int64
    let connectedNs: UInt64
    var address = ""
    var localAddress = ""
    var name = ""
    var libraryName = ""
    var libraryVersion = ""
    var lastCommand = ""
    var commands: UInt64 = 0
    var inputBytes = 0
    var isCounted = true

    init(id: Int64, now: Now) {
        self.id = id
        connectedNs = now.monotonicNs
    }
}

/// Counts the clients of all loops, and the memory their input takes. Any thread.
final class ClientRegistry: Sendable {
    private let lastID = Atomic<Int64>(0)
    private let connected = Atomic<Int>(0)
    private let received = Atomic<UInt64>(0)
    private let rejected = Atomic<UInt64>(0)
    private let input = Atomic<Int>(0)

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

    /// Replaces what one client's input takes.
    func note(_ known: inout Int, _ size: Int) {
        guard size != known else { return }
        input.wrappingAdd(size - known, ordering: .relaxed)
        known = size
    }

    var count: Int { connected.load(ordering: .relaxed) }
    var receivedCount: UInt64 { received.load(ordering: .relaxed) }
    var rejectedCount: UInt64 { rejected.load(ordering: .relaxed) }
    var inputBytes: Int { input.load(ordering: .relaxed) }
}
