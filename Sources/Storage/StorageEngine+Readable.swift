extension StorageEngine {
    /// Scans like `scan`, and goes on past what cannot be read. `skipped` is told between which
    /// keys that was; the second is nil when nothing is readable any more.
    public func scanReadable(
        _ family: Family, from start: [UInt8], to end: [UInt8]?, limits: ScanLimits,
        skipped: (_ last: [UInt8], _ next: [UInt8]?, StorageError) -> Void,
        visit: (_ key: Span<UInt8>, _ value: Span<UInt8>) -> Bool
    ) throws(StorageError) -> ScanEnd {
        var from = start
        while true {
            var last = from
            do throws(StorageError) {
                return try scan(family, from: from, to: end, limits: limits) { key, value in
                    last.removeAll(keepingCapacity: true)
                    for index in key.indices { last.append(key[index]) }
                    return visit(key, value)
                }
            } catch {
                guard error.isDamage else { throw error }
                let next = try readableStart(family, after: last, before: end)
                skipped(last, next, error)
                guard let next else { return .finished }
                from = next
            }
        }
    }
}

/// The first 16 bytes of a key as a number, so that places between keys can be named.
struct KeyNumber {
    static let size = 16

    let value: UInt128

    init(_ value: UInt128) { self.value = value }

    init(_ key: [UInt8]) {
        var value: UInt128 = 0
        for index in 0..<Self.size {
            value = value << 8 | UInt128(index < key.count ? key[index] : 0)
        }
        self.value = value
    }

    /// The first key with these bytes.
    var key: [UInt8] {
        (0..<Self.size).map { UInt8(truncatingIfNeeded: value >> (8 * (Self.size - 1 - $0))) }
    }

    /// The least number after this one for which `isReadable` holds, if places that are not
    /// readable lie together; some such number if not. Nil when there is none up to `last`.
    func next(upTo last: KeyNumber, isReadable: (KeyNumber) -> Bool) -> KeyNumber? {
        guard value < last.value else { return nil }
        var bad = value
        var step: UInt128 = 1
        var good: UInt128
        repeat {
            let (sum, isOverflow) = bad.addingReportingOverflow(step)
            good = isOverflow ? last.value : min(sum, last.value)
            if isReadable(KeyNumber(good)) { break }
            guard good < last.value else { return nil }
            bad = good
            step = step > .max / 2 ? step : step * 2
        } while true
        while good - bad > 1 {
            let middle = bad + (good - bad) / 2
            if isReadable(KeyNumber(middle)) { good = middle } else { bad = middle }
        }
        return KeyNumber(good)
    }
}
