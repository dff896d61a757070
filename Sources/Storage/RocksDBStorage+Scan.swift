extension RocksDBStorage {
    /// How many bytes a scrub reads between two calls of `progress`.
    static let scrubStepBytes = 4 << 20

    public func scan(
        _ family: Family, from start: [UInt8], to end: [UInt8]?, limits: ScanLimits,
        visit: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Bool
    ) throws(StorageError) -> ScanEnd {
        checkOpen()
        // RocksDB wants bounds in order.
        if let end, !start.lexicographicallyPrecedes(end) { return .finished }
        let iterator = RocksDBIterator(handles, family, from: start, to: end)
        var entries = 0
        var bytes = 0
        var goesOn = true
        while iterator.isValid {
            guard goesOn, entries < limits.entriesMax, bytes < limits.bytesMax else {
                return .more(next: iterator.key)
            }
            goesOn = iterator.withEntry { key, value in
                entries += 1
                bytes += key.count + value.count
                return visit(key, value)
            }
            iterator.next()
        }
        try iterator.checkStatus()
        return .finished
    }

    public func readableStart(
        _ family: Family, after key: [UInt8], before end: [UInt8]?
    ) throws(StorageError) -> [UInt8]? {
        checkOpen()
        let last = end.map { KeyNumber($0) } ?? KeyNumber(.max)
        let found = KeyNumber(key).next(upTo: last) { number in
            isReadable(family, from: number.key, to: end)
        }
        return found?.key
    }

    /// Whether there is an entry to be read, or none at all.
    private func isReadable(_ family: Family, from start: [UInt8], to end: [UInt8]?) -> Bool {
        if let end, !start.lexicographicallyPrecedes(end) { return true }
        let iterator = RocksDBIterator(handles, family, from: start, to: end)
        if iterator.isValid { return true }
        return (try? iterator.checkStatus()) != nil
    }

    public func scrub(
        progress: (ScrubProgress) -> Bool
    ) throws(StorageError) -> ScrubProgress {
        checkOpen()
        var done = ScrubProgress()
        for family in Family.allCases {
            // A new iterator for each step: a long-lived one would keep files from being deleted.
            var start: [UInt8] = []
            let step = ScanLimits(entriesMax: .max, bytesMax: Self.scrubStepBytes)
            while case .more(let next) = try scan(
                family, from: start, to: nil, limits: step,
                visit: { key, value in
                    done.entries += 1
                    done.bytes += UInt64(key.count + value.count)
                    return true
                })
            {
                guard progress(done) else { return done }
                start = next
            }
        }
        done.isComplete = true
        _ = progress(done)
        return done
    }
}
