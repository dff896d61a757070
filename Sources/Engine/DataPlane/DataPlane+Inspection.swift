package import Objects

/// What the simulator checks, and no server asks.
extension DataPlane {
    /// The object of a key if it is in memory; nil if storage has the newest. Counts as a use.
    package mutating func cached(_ key: ObjectKey) -> Object? {
        guard let slot = cache.find(key) else { return nil }
        return cache[slot].object
    }

    /// Whether a write with this number repairs a replica that a read has found behind.
    package static func isRepair(_ id: UInt64) -> Bool { FlightKind(of: id) == .read }
}
