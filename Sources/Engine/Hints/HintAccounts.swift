internal import Essentials
internal import Placement

/// How many hints wait for whom, by target and partition: what bounds are checked against, what
/// says where to look for a key's hints, and what admins are shown.
///
/// Each account is stored in the batch that changes its hints, so the accounts are exact after any
/// crash and a start reads them, not the hints.
///
/// Confined to its shard.
struct HintAccounts: Sendable {
    struct Account: Sendable, Equatable {
        var records = 0
        /// Of keys and values, as they are stored.
        var bytes = 0
        /// When the first of them was kept, by the monotonic clock; before its beginning when that
        /// was in an earlier run. Means nothing without any.
        var oldestMs: Int64 = 0
        /// When the account was stored last, by the same clock.
        var storedMs: Int64 = 0
        /// Since when the target misses writes whose hints were dropped; 0 when it does not.
        var dirtySinceMs: UInt64 = 0

        var isBlank: Bool { records == 0 && dirtySinceMs == 0 }
    }

    private struct Queue {
        let target: NodeNumber
        /// By partition.
        var accounts: [Account]
        var records = 0
        var bytes = 0
    }

    /// Ascending by target.
    private var queues: [Queue] = []
    private(set) var records = 0
    private(set) var bytes = 0

    var isEmpty: Bool { records == 0 }

    /// All nodes that there is an account of, ascending.
    var targets: [NodeNumber] { queues.map(\.target) }

    /// The nodes that have hints in `partition`, ascending.
    func targets(in partition: PartitionID) -> [NodeNumber] {
        guard records > 0 else { return [] }
        var found: [NodeNumber] = []
        for queue in queues where queue.accounts[partition.index].records > 0 {
            found.append(queue.target)
        }
        return found
    }

    func records(of target: NodeNumber) -> Int { queue(of: target)?.records ?? 0 }

    func account(_ target: NodeNumber, _ partition: PartitionID) -> Account {
        queue(of: target)?.accounts[partition.index] ?? Account()
    }

    /// The first partition from `first` on that has hints for `target`.
    func next(_ target: NodeNumber, from first: Int) -> PartitionID? {
        guard let queue = queue(of: target), queue.records > 0, first < queue.accounts.count
        else { return nil }
        for index in first..<queue.accounts.count where queue.accounts[index].records > 0 {
            return PartitionID(rawValue: UInt16(index))
        }
        return nil
    }

    /// The account whose hints wait longest.
    var oldest: (target: NodeNumber, partition: PartitionID, account: Account)? {
        var found: (target: NodeNumber, partition: PartitionID, account: Account)?
        for queue in queues where queue.records > 0 {
            for (index, account) in queue.accounts.enumerated() where account.records > 0 {
                if let found, found.account.oldestMs <= account.oldestMs { continue }
                found = (queue.target, PartitionID(rawValue: UInt16(index)), account)
            }
        }
        return found
    }

    /// Changes an account and keeps the sums.
    ///
    /// - Parameter partitions: how many there are.
    mutating func update(
        _ target: NodeNumber, _ partition: PartitionID, partitions: Int,
        _ change: (inout Account) -> Void
    ) {
        let index = open(target, partitions: partitions)
        let before = queues[index].accounts[partition.index]
        change(&queues[index].accounts[partition.index])
        let after = queues[index].accounts[partition.index]
        queues[index].records += after.records - before.records
        queues[index].bytes += after.bytes - before.bytes
        records += after.records - before.records
        bytes += after.bytes - before.bytes
    }

    /// An account with hints that was not stored since `beforeMs`: how long they wait is known to a
    /// later run only from what is stored.
    func unstored(since beforeMs: Int64) -> (
        target: NodeNumber, partition: PartitionID, account: Account
    )? {
        for queue in queues where queue.records > 0 {
            for (index, account) in queue.accounts.enumerated()
            where account.records > 0 && account.storedMs < beforeMs {
                return (queue.target, PartitionID(rawValue: UInt16(index)), account)
            }
        }
        return nil
    }

    /// The sums over one target's partitions.
    func summary(of target: NodeNumber) -> (records: Int, bytes: Int, oldestMs: Int64?, dirty: Int)
    {
        guard let queue = queue(of: target) else { return (0, 0, nil, 0) }
        var oldestMs = Int64.max
        var dirty = 0
        for account in queue.accounts {
            if account.records > 0 { oldestMs = min(oldestMs, account.oldestMs) }
            if account.dirtySinceMs > 0 { dirty += 1 }
        }
        return (queue.records, queue.bytes, oldestMs == .max ? nil : oldestMs, dirty)
    }

    /// The partitions of `target` that miss dropped hints, and since when.
    func dirty(of target: NodeNumber) -> [(partition: PartitionID, sinceMs: UInt64)] {
        guard let queue = queue(of: target) else { return [] }
        return queue.accounts.enumerated().compactMap { index, account in
            account.dirtySinceMs > 0
                ? (PartitionID(rawValue: UInt16(index)), account.dirtySinceMs) : nil
        }
    }

    private func queue(of target: NodeNumber) -> Queue? {
        queues.first { $0.target == target }
    }

    private mutating func open(_ target: NodeNumber, partitions: Int) -> Int {
        let index = queues.firstIndex { $0.target >= target } ?? queues.count
        if index == queues.count || queues[index].target != target {
            let accounts = [Account](repeating: Account(), count: partitions)
            queues.insert(Queue(target: target, accounts: accounts), at: index)
        }
        return index
    }
}
