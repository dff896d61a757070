internal import Engine

/// When fallbacks have taken part in what happened to keys.
struct FallbackUses {
    /// In the order of time. Looked up and never iterated.
    private var timesNs: [ObjectKey: [UInt64]] = [:]
    /// Of keys that are not known.
    private var anyNs: [UInt64] = []

    mutating func note(_ key: ObjectKey?, atNs timeNs: UInt64) {
        guard let key else { return anyNs.append(timeNs) }
        timesNs[key, default: []].append(timeNs)
    }

    func contains(_ key: ObjectKey, from startNs: UInt64, to endNs: UInt64) -> Bool {
        Self.contains(timesNs[key] ?? [], startNs, endNs) || Self.contains(anyNs, startNs, endNs)
    }

    private static func contains(_ times: [UInt64], _ startNs: UInt64, _ endNs: UInt64) -> Bool {
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < startNs { low = middle + 1 } else { high = middle }
        }
        return low < times.count && times[low] <= endNs
    }
}
