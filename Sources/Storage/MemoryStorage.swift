internal import Essentials
internal import Synchronization

/// A storage in memory that behaves as `RocksDBStorage` does, for tests and simulations.
///
/// It fails when it is told to: writes, fsyncs, stalls, a full disk, reads that would need the
/// disk, and power failures, which real files cannot be made to suffer (kill -9 keeps the page
/// cache).
public final class MemoryStorage: StorageEngine {
    /// What the engine is told to do wrong. The next call that is concerned obeys, until it is
    /// reset.
    public struct Faults: Sendable {
        /// Every write that reaches the engine throws this.
        public var writeError: StorageError?
        /// Every sync throws this, and nothing becomes durable.
        public var syncError: StorageError?
        /// Every scan throws this when it meets a key that is not before `scanErrorAt`.
        public var scanError: StorageError?
        public var scanErrorAt: [UInt8] = []
        /// Up to this key, if it is set.
        public var scanErrorBefore: [UInt8]?
        /// Writes that may not stall answer `.wouldStall`.
        public var stallsWrites = false
        /// What `checkSpace` finds.
        public var space = SpaceState.ample

        public init() {}

        fileprivate func isDamaged(_ key: [UInt8]) -> Bool {
            !key.lexicographicallyPrecedes(scanErrorAt)
                && (scanErrorBefore.map { key.lexicographicallyPrecedes($0) } ?? true)
        }
    }

    private struct State {
        var current = [Table](repeating: Table(), count: Family.allCases.count)
        /// What a power failure leaves: `current` without `unsynced`.
        var durable = [Table](repeating: Table(), count: Family.allCases.count)
        var unsynced: [WriteBatch] = []
        var faults = Faults()
        /// Keys that only the disk knows: all that were there at `forgetCache`, but for `warm`.
        var isCold = false
        var warm = Set<[UInt8]>()
        var space = SpaceState.ample
        var isClosed = false
    }

    private let state = Mutex(State())

    public init() {
        do {
            try FormatVersion.check(self, directory: "(memory)")
        } catch {
            invariant(false, "a new memory storage refused its first write: \(error)")
        }
    }

    public var faults: Faults {
        get { state.withLock { $0.faults } }
        set { state.withLock { $0.faults = newValue } }
    }

    /// Empties the cache: reads that may not block answer `.notInMemory`, until a read that may
    /// block, or a write, has brought the key back.
    public func forgetCache() {
        state.withLock { state in
            state.isCold = true
            state.warm = []
        }
    }

    /// Drops what was not synced, as a power failure does. Also opens a closed storage again.
    public func losePower() {
        state.withLock { state in
            state.current = state.durable
            state.unsynced = []
            state.isClosed = false
        }
    }

    /// Opens a closed storage again with all that was written, as a restart of the process does.
    public func reopen() {
        state.withLock { $0.isClosed = false }
    }

    private func withState<Result>(
        _ body: (inout State) throws(StorageError) -> Result
    ) throws(StorageError) -> Result {
        try state.withLock { state throws(StorageError) in
            invariant(!state.isClosed, "the storage is closed")
            return try body(&state)
        }
    }

    public func read(
        _ key: [UInt8], from family: Family, mayBlock: Bool
    ) throws(StorageError) -> ReadResult {
        try withState { state throws(StorageError) in
            if state.isCold {
                let cacheKey = Self.cacheKey(key, family)
                if mayBlock { state.warm.insert(cacheKey) }
                guard state.warm.contains(cacheKey) else { return .notInMemory }
            }
            return state.current[family.index][key].map(ReadResult.found) ?? .absent
        }
    }

    public func write(
        _ batch: borrowing WriteBatch, mayStall: Bool
    ) throws(StorageError) -> WriteResult {
        let batch = copy batch
        return try withState { state throws(StorageError) in
            if state.space == .exhausted { return .diskFull }
            if let error = state.faults.writeError { throw error }
            if state.faults.stallsWrites, !mayStall { return .wouldStall }
            let isCold = state.isCold
            batch.forEachChange { change in
                state.current.apply(change)
                guard isCold else { return }
                switch change {
                case .put(let family, let key, _), .delete(let family, let key):
                    state.warm.insert(Self.cacheKey(key, family))
                case .deleteRange: break
                }
            }
            state.unsynced.append(batch)
            return .written
        }
    }

    public func sync() throws(StorageError) {
        try withState { state throws(StorageError) in
            if let error = state.faults.syncError { throw error }
            for batch in state.unsynced { batch.forEachChange { state.durable.apply($0) } }
            state.unsynced = []
        }
    }

    /// Nothing that was replaced takes any space here.
    public func reclaim(
        _ family: Family, from start: [UInt8], to end: [UInt8]
    ) throws(StorageError) -> Bool { true }

    public func scan(
        _ family: Family, from start: [UInt8], to end: [UInt8]?, limits: ScanLimits,
        visit: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Bool
    ) throws(StorageError) -> ScanEnd {
        let (table, faults) = try withState { ($0.current[family.index], $0.faults) }
        var entries = 0
        var bytes = 0
        var goesOn = true
        for index in table.position(of: start)..<table.keys.count {
            let key = table.keys[index]
            let value = table.values[index]
            if let end, !key.lexicographicallyPrecedes(end) { break }
            guard goesOn, entries < limits.entriesMax, bytes < limits.bytesMax else {
                return .more(next: key)
            }
            if let error = faults.scanError, faults.isDamaged(key) { throw error }
            entries += 1
            bytes += key.count + value.count
            goesOn = visit(key.span, value.span)
        }
        return .finished
    }

    public func readableStart(
        _ family: Family, after key: [UInt8], before end: [UInt8]?
    ) throws(StorageError) -> [UInt8]? {
        let (table, faults) = try withState { ($0.current[family.index], $0.faults) }
        for index in table.position(of: key)..<table.keys.count where table.keys[index] != key {
            let next = table.keys[index]
            if let end, !next.lexicographicallyPrecedes(end) { return end }
            if faults.scanError == nil || !faults.isDamaged(next) { return next }
        }
        return nil
    }

    public func scrub(
        progress: (ScrubProgress) -> Bool
    ) throws(StorageError) -> ScrubProgress {
        var done = ScrubProgress()
        for family in Family.allCases {
            _ = try scan(family, from: [], to: nil, limits: .unlimited) { key, value in
                done.entries += 1
                done.bytes += UInt64(key.count + value.count)
                return true
            }
        }
        done.isComplete = true
        _ = progress(done)
        return done
    }

    public func estimatedKeyCount(_ family: Family) -> UInt64 {
        state.withLock { UInt64($0.current[family.index].keys.count) }
    }

    public var statistics: StorageStatistics {
        var all = StorageStatistics()
        all.memtableBytes = state.withLock { state in
            UInt64(state.current.reduce(0) { $0 + $1.byteCount })
        }
        all.liveDataBytes = all.memtableBytes
        return all
    }

    public func checkSpace() throws(StorageError) -> SpaceState {
        try withState { state throws(StorageError) in
            state.space = state.faults.space
            return state.space
        }
    }

    public var spaceState: SpaceState { state.withLock { $0.space } }

    public func close() {
        state.withLock { $0.isClosed = true }
    }

    private static func cacheKey(_ key: [UInt8], _ family: Family) -> [UInt8] {
        [UInt8(family.rawValue)] + key
    }
}

/// One family in memory: sorted arrays, so that iteration is the same in every process.
private struct Table {
    var keys: [[UInt8]] = []
    var values: [[UInt8]] = []

    var byteCount: Int {
        keys.reduce(0) { $0 + $1.count } + values.reduce(0) { $0 + $1.count }
    }

    subscript(key: [UInt8]) -> [UInt8]? {
        let index = position(of: key)
        return index < keys.count && keys[index] == key ? values[index] : nil
    }

    /// The index of the first key that is not before `key`.
    func position(of key: [UInt8]) -> Int {
        var low = 0
        var high = keys.count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].lexicographicallyPrecedes(key) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        let index = position(of: key)
        if index < keys.count, keys[index] == key {
            values[index] = value
        } else {
            keys.insert(key, at: index)
            values.insert(value, at: index)
        }
    }

    mutating func delete(_ key: [UInt8]) {
        let index = position(of: key)
        if index < keys.count, keys[index] == key { remove(index..<index + 1) }
    }

    mutating func deleteRange(from start: [UInt8], to end: [UInt8]) {
        remove(position(of: start)..<position(of: end))
    }

    private mutating func remove(_ range: Range<Int>) {
        keys.removeSubrange(range)
        values.removeSubrange(range)
    }
}

extension [Table] {
    fileprivate mutating func apply(_ change: WriteBatch.Change) {
        switch change {
        case .put(let family, let key, let value):
            self[family.index].put(key, value)
        case .delete(let family, let key):
            self[family.index].delete(key)
        case .deleteRange(let family, let start, let end):
            self[family.index].deleteRange(from: start, to: end)
        }
    }
}
