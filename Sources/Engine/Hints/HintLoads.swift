internal import Essentials
internal import Wire

/// What waits until it is known which hints a key has.
enum HintTask: Sendable {
    /// Who counts on the hint, and is answered once it is stored.
    struct Asker: Sendable {
        /// Nil: a write that this node coordinates in want of a primary.
        let link: LinkID?
        let id: UInt64
        let wantsDurability: Bool
    }

    case keep(record: [UInt8], target: NodeNumber, for: Asker?)
    /// A read's question to a node that is no primary.
    case check(LinkID, id: UInt64, fingerprint: UInt64)
    /// An admin's question; nil: of this node's own.
    case tell(LinkID?, id: UInt64)
    /// Commands wait that this node coordinates in want of a primary.
    case standIn(token: UInt64)
    /// The target refuses the hint's stamps: what is kept is to get others.
    case settle

    /// Whether somebody waits for an answer, and can be told to look elsewhere.
    fileprivate var hasAsker: Bool {
        if case .keep(_, _, nil) = self { false } else { true }
    }

    /// Bytes of the record that it holds.
    fileprivate var size: Int {
        if case .keep(let record, _, _) = self { record.count } else { 0 }
    }
}

/// Reads of hints under way, by key, with the tasks that wait for them in their order.
struct HintLoads: Sendable {
    struct Load: Sendable {
        let key: ObjectKey
        /// Under whom the key is looked for, ascending.
        let targets: [NodeNumber]
        var tasks: [HintTask]
    }

    /// Looked up by key and never iterated.
    private var tokens: [ObjectKey: UInt64] = [:]
    /// Looked up by token and never iterated.
    private var loads: [UInt64: Load] = [:]
    private(set) var lastToken: UInt64 = 0
    /// Tasks that wait.
    private(set) var count = 0
    /// Bytes of the records among them.
    private(set) var bytes = 0
    /// Loads that the storage had no room for, in the order in which they are to be asked again.
    private(set) var postponed: [UInt64] = []
    /// Loads up to this token may show what was dropped since.
    private var staleToken: UInt64 = 0

    func isLoading(_ key: ObjectKey) -> Bool { tokens[key] != nil }

    /// Lets a task wait for a load that is under way; false when there is none.
    mutating func join(_ key: ObjectKey, _ task: HintTask) -> Bool {
        guard let token = tokens[key] else { return false }
        loads[token]?.tasks.append(task)
        count += 1
        bytes += task.size
        return true
    }

    /// The token of a load that is about to be started.
    mutating func begin(_ key: ObjectKey, _ targets: [NodeNumber], _ tasks: [HintTask]) -> UInt64 {
        lastToken += 1
        tokens[key] = lastToken
        loads[lastToken] = Load(key: key, targets: targets, tasks: tasks)
        count += tasks.count
        for task in tasks { bytes += task.size }
        return lastToken
    }

    mutating func end(_ token: UInt64) -> (load: Load, isStale: Bool)? {
        guard let load = loads.removeValue(forKey: token) else { return nil }
        tokens[load.key] = nil
        count -= load.tasks.count
        for task in load.tasks { bytes -= task.size }
        return (load, token <= staleToken)
    }

    /// The storage had no room for a load: those of its tasks wait on that nobody else would carry
    /// out.
    ///
    /// - Returns: the others, which are refused.
    mutating func postpone(_ token: UInt64) -> (refused: [HintTask], key: ObjectKey)? {
        guard let load = loads[token] else { return nil }
        let refused = load.tasks.filter(\.hasAsker)
        loads[token]?.tasks.removeAll(where: \.hasAsker)
        for task in refused { (count, bytes) = (count - 1, bytes - task.size) }
        if refused.count == load.tasks.count {
            _ = end(token)
        } else {
            postponed.append(token)
        }
        return (refused, load.key)
    }

    /// Takes up to `max` of the postponed loads, which are to be asked for again.
    mutating func takePostponed(max: Int) -> [(token: UInt64, load: Load)] {
        let due = postponed.prefix(max)
        postponed.removeFirst(due.count)
        return due.compactMap { token in loads[token].map { (token, $0) } }
    }

    /// Whatever is being read may be gone.
    mutating func makeStale() { staleToken = lastToken }
}
