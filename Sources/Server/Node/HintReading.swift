internal import Engine
internal import Essentials
internal import Hashing
internal import Storage

/// Reads of the hints family.
enum HintReading {
    /// The accounts of all hints that the storage holds: one a partition and node that has any, so
    /// a start is not longer for them.
    static func accounts(
        in storage: any StorageEngine
    ) throws(StorageError) -> [HintAccountRecord] {
        var found: [HintAccountRecord] = []
        var damaged: DecodingError?
        _ = try storage.scan(
            .hints, from: HintRecord.accountsStart, to: HintRecord.accountsEnd, limits: .unlimited
        ) { key, value in
            do throws(DecodingError) {
                let (target, partition) = try HintRecord.parseAccountKey(copy(of: key))
                found.append(
                    HintAccountRecord(
                        target: target, partition: partition, value: copy(of: value)))
                return true
            } catch {
                damaged = error
                return false
            }
        }
        if let damaged { throw .corrupt(reason: "an account of hints cannot be read: \(damaged)") }
        return found
    }

    /// The values of `keys`; nil when only the disk knows and the read may not block.
    static func load(
        _ keys: [[UInt8]], mayBlock: Bool, _ services: NodeServices
    ) -> HintLoadResult? {
        var values: [[UInt8]?] = []
        do throws(StorageError) {
            for key in keys {
                switch try services.storage.read(key, from: .hints, mayBlock: mayBlock) {
                case .found(let value): values.append(value)
                case .absent: values.append(nil)
                case .notInMemory: return nil
                }
            }
        } catch {
            services.log.error("a hint cannot be read", ["reason": .describing(error)])
            return .unreadable
        }
        return .values(values)
    }

    static func scan(
        from start: [UInt8], to end: [UInt8], _ limit: HintScanLimit, _ services: NodeServices
    ) -> HintScanResult {
        var records: [HintScanRecord] = []
        let limits = ScanLimits(entriesMax: limit.records, bytesMax: limit.bytes)
        do throws(StorageError) {
            let ending = try services.storage.scan(.hints, from: start, to: end, limits: limits) {
                key, value in
                records.append(
                    HintScanRecord(key: copy(of: key), value: copy(of: value)))
                return true
            }
            switch ending {
            case .finished: return .chunk(records, next: nil)
            case .more(let next): return .chunk(records, next: next)
            }
        } catch {
            services.log.error("hints cannot be read", ["reason": .describing(error)])
            return .unreadable
        }
    }

    private static func copy(of span: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(span.count)
        bytes.append(copying: span)
        return bytes
    }
}
