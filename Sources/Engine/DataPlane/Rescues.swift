internal import Essentials
internal import Objects

/// Keys whose own copies the disk does not give, and that are being fetched from other replicas.
///
/// Confined to its shard.
struct Rescues: Sendable {
    /// One key's. Its question is a `check` with a fingerprint that no object has.
    struct Rescue: Sendable {
        let id: UInt64
        let key: ObjectKey
        let deadlineNs: UInt64
        /// How many other replicas have to tell what they hold.
        let needed: Int
        /// Those that have not answered.
        var asked: [NodeNumber]
        /// All that has been told, merged.
        var object = Object()
        var answered = 0
        /// What wants the object, in its order.
        var waiters: [ParkedEvents.Waiter]

        var isEnough: Bool { answered >= needed }
        /// Whether there is nothing to wait for any more.
        var isOver: Bool { isEnough || asked.isEmpty }
    }

    /// Under way at once. A disk that gives nothing at all costs the others no more than this.
    static let countMax = 1024
    /// For one key.
    static let waitersMax = 1024
    /// What the numbers of questions have in their lower half: an index that no request has.
    private static let mark: UInt64 = 0xFFFF_FFFE

    private var rescues: [Rescue] = []
    private var lastSerial: UInt32 = 0

    var isEmpty: Bool { rescues.isEmpty }
    var isFull: Bool { rescues.count >= Self.countMax }

    /// Whether a message with this number belongs to a rescue, and not to a request.
    static func isRescue(_ id: UInt64) -> Bool { id & 0xFFFF_FFFF == mark }

    mutating func begin(
        _ key: ObjectKey, needed: Int, asking nodes: [NodeNumber],
        for waiters: [ParkedEvents.Waiter], deadlineNs: UInt64
    ) -> UInt64 {
        lastSerial &+= 1
        let id = UInt64(lastSerial) << 32 | Self.mark
        rescues.append(
            Rescue(
                id: id, key: key, deadlineNs: deadlineNs, needed: needed, asked: nodes,
                waiters: waiters))
        return id
    }

    /// Lets events wait for a rescue that is under way; returns those that do not.
    mutating func join(
        _ key: ObjectKey, _ waiters: [ParkedEvents.Waiter]
    ) -> [ParkedEvents.Waiter]? {
        guard let index = rescues.firstIndex(where: { $0.key == key }) else { return nil }
        let room = max(0, Self.waitersMax - rescues[index].waiters.count)
        rescues[index].waiters += waiters.prefix(room)
        return Array(waiters.dropFirst(room))
    }

    /// Takes note of what a replica holds, nil: of its silence. Returns the rescue if it ends.
    mutating func note(_ id: UInt64, _ node: NodeNumber, _ object: Object?) -> Rescue? {
        guard let index = rescues.firstIndex(where: { $0.id == id }),
            let place = rescues[index].asked.firstIndex(of: node)
        else { return nil }
        rescues[index].asked.remove(at: place)
        if let object {
            rescues[index].answered += 1
            _ = rescues[index].object.merge(object)
        }
        return rescues[index].isOver ? rescues.remove(at: index) : nil
    }

    /// Those that wait for `node`.
    func waiting(for node: NodeNumber) -> [UInt64] {
        rescues.filter { $0.asked.contains(node) }.map(\.id)
    }

    /// Ends one whose time is over; nil when there is none.
    mutating func popDue(nowNs: UInt64) -> Rescue? {
        guard let index = rescues.firstIndex(where: { $0.deadlineNs <= nowNs }) else { return nil }
        return rescues.remove(at: index)
    }

    mutating func takeAll() -> [Rescue] {
        defer { rescues = [] }
        return rescues
    }
}
