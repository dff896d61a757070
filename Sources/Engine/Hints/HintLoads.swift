internal import Essentials
internal import Wire

/// What waits until it is known which hints a key has.
enum HintTask: Sendable {
    /// Whom a fallback answers once the hint is stored.
    struct Asker: Sendable {
        let link: LinkID
        let id: UInt64
        let wantsDurability: Bool
    }

    case keep(record: [UInt8], target: NodeNumber, for: Asker?)
    /// A read's question to a node that is no primary.
    case check(LinkID, id: UInt64, fingerprint: UInt64)
    /// An admin's question; nil: of this node's own.
    case tell(LinkID?, id: UInt64)

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

    /// Whatever is being read may be gone.
    mutating func makeStale() { staleToken = lastToken }
}
