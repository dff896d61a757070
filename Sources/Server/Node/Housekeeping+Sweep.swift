internal import Engine
internal import Essentials
internal import Membership
internal import Objects
internal import Placement
internal import Platform
internal import Storage

/// The sweeper: a slow walk over all records that finds payloads past their deadlines.
///
/// A key that has expired is invisible at once, wherever it is asked for; the sweeper only gives
/// its bytes back. A walk reads a little, then pauses, so that its share of the disk and of one
/// core stays small; it pauses longer while clients are slower than usual.
extension Housekeeping {
    private static let stepEntriesMax = 2000
    private static let stepBytesMax = 1 << 20
    /// Between steps: at most 2,000 records, or 1 MiB, in 100 ms.
    private static let stepPauseMs: UInt64 = 100
    /// Between walks.
    private static let walkPauseMs: UInt64 = 10_000

    /// - Parameter beganNs: when the walk began that this goes on with; nil: one begins.
    func sweep(from start: [UInt8], beganNs: UInt64? = nil) {
        services.mailboxes[0].send(.call { [self] host in arm(host.shard, start, beganNs) })
    }

    private func arm(_ shard: Shard?, _ start: [UInt8], _ beganNs: UInt64?) {
        guard let shard else { return }
        let pauseMs = start.isEmpty ? Self.walkPauseMs : Self.stepPauseMs
        shard.after(ms: shard.lengthened(pauseMs: pauseMs)) { [self] in
            let beganNs = beganNs ?? SystemClock.monotonicNs()
            let isAccepted = services.backgroundWorkers.submit {
                self.sweepStep(from: start, beganNs: beganNs)
            }
            // The disk is busy: later.
            if !isAccepted { sweep(from: start, beganNs: beganNs) }
        }
    }

    private func sweepStep(from start: [UInt8], beganNs: UInt64) {
        var next: [UInt8] = []
        do throws(StorageError) {
            let limits = ScanLimits(entriesMax: Self.stepEntriesMax, bytesMax: Self.stepBytesMax)
            var expired: [ObjectKey] = []
            let nowMs = services.clock.nowMs()
            // Past what cannot be read, or nothing behind it would ever be swept.
            let end = try services.storage.scanReadable(
                .objects, from: start, to: nil, limits: limits,
                skipped: { _, _, error in services.noteDamage("the sweeper passes damage", error) }
            ) { key, value in
                if let found = Self.expiredKey(key, value, nowMs: nowMs) { expired.append(found) }
                return true
            }
            if case .more(let further) = end { next = further }
            for key in expired { tell(key) }
        } catch {
            services.noteDamage("the sweeper cannot read", error)
        }
        if next.isEmpty { services.reachability.noteWhole(since: beganNs) }
        sweep(from: next, beganNs: next.isEmpty ? nil : beganNs)
    }

    private static func expiredKey(
        _ key: Span<UInt8>, _ value: Span<UInt8>, nowMs: UInt64
    ) -> ObjectKey? {
        guard Object.mayExpire(record: value) else { return nil }
        var bytes: [UInt8] = []
        bytes.append(contentsOf: value)
        guard let object = try? Object(decoding: bytes), object.wantsExpiry(nowMs: nowMs)
        else { return nil }
        var keyBytes: [UInt8] = []
        keyBytes.append(contentsOf: key)
        return try? RecordKey.parseHead(keyBytes)
    }

    private func tell(_ key: ObjectKey) {
        let partitioning = services.reachability.current.topology.partitioning
        let shard = services.shard(of: partitioning.partition(of: key.position))
        // A loop that is behind gets it in the next walk.
        _ = services.mailboxes[shard].send(
            .expiryFound(key), unlessWaiting: Shard.mailboxCommandsMax)
    }
}
