internal import Essentials
internal import Objects
internal import Wire

// What is done to a key whatever its value: existence, expiry, inspection, dump and restore.

extension Operation {
    func evaluateKey(_ moment: Moment) throws(CommandFailure) -> Outcome {
        let current = moment.current
        let exists: Int64 = current == nil ? 0 : 1
        switch self {
        case .exists, .touch: return Outcome(.integer(exists))
        case .type: return Outcome(.simple(current == nil ? "none" : "string"))
        case .delete: return Outcome(.integer(exists), current == nil ? nil : .delete)
        case .expire(let expiry, let condition):
            return try Self.expire(expiry, condition, moment)
        case .persist:
            guard current?.deadlineMs != nil else { return Outcome(.integer(0)) }
            return Outcome(.integer(1), .setDeadline(.remove))
        case .timeToLive, .expireTime: return Outcome(.integer(remainingTime(moment)))
        case .objectEncoding, .objectRefcount, .objectIdleTime, .objectFrequency:
            guard let current else { return Outcome(.null) }
            return try inspect(current)
        case .dump:
            return Outcome(current.map { .bulk(Dump.encode($0.bytes)) } ?? .null)
        case .restore(let request): return try Self.restore(request, moment)
        case .readEntry: return Outcome(Self.entry(current))
        case .deleteUnchanged(let expected):
            guard let current, current == expected else { return Outcome(.integer(0)) }
            return Outcome(.integer(1), .delete)
        default: invariant(false, "the engine carries out operations on contexts itself")
        }
        return Outcome(.null)
    }

    private static func entry(_ current: StringView?) -> Reply {
        guard let current else { return .null }
        let deadline = current.deadlineMs.map { Int64(clamping: $0) } ?? -1
        return .array([.bulk(current.bytes), .integer(deadline)])
    }

    // MARK: Expiry

    private static func expire(
        _ expiry: Expiry, _ condition: ExpireCondition, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        let name = expiry.commandName
        let whenMs = try expiry.moment(nowMs: moment.nowMs, command: name)
        guard let current = moment.current else { return Outcome(.integer(0)) }
        let old = current.deadlineMs.map { Int64(clamping: $0) }
        let isRefused =
            condition.contains(.ifNone) && old != nil
            || condition.contains(.ifSome) && old == nil
            // No deadline is later than any, and earlier than none.
            || condition.contains(.ifLater) && whenMs <= old ?? .max
            || condition.contains(.ifEarlier) && old.map { whenMs >= $0 } ?? false
        if isRefused { return Outcome(.integer(0)) }
        guard whenMs > Int64(clamping: moment.nowMs) else { return Outcome(.integer(1), .delete) }
        return Outcome(.integer(1), .setDeadline(.set(UInt64(whenMs))))
    }

    /// What the `TTL` family answers: -2 without a key, -1 without a deadline.
    private func remainingTime(_ moment: Moment) -> Int64 {
        guard let current = moment.current else { return -2 }
        guard let deadlineMs = current.deadlineMs else { return -1 }
        let remaining = deadlineMs > moment.nowMs ? deadlineMs - moment.nowMs : 0
        switch self {
        case .timeToLive(.seconds): return Int64(clamping: (remaining + 500) / 1000)
        case .timeToLive(.milliseconds): return Int64(clamping: remaining)
        case .expireTime(.seconds): return Int64(clamping: (deadlineMs + 500) / 1000)
        default: return Int64(clamping: deadlineMs)
        }
    }

    // MARK: Inspection

    private func inspect(_ current: StringView) throws(CommandFailure) -> Outcome {
        switch self {
        case .objectEncoding: return Outcome(.bulk(Self.encoding(of: current.bytes)))
        case .objectRefcount: return Outcome(.integer(1))
        case .objectIdleTime: return Outcome(.integer(0))
        default:
            throw CommandFailure(
                """
                ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please \
                note that when switching between policies at runtime LRU and LFU data will take \
                some time to adjust.
                """)
        }
    }

    /// How Redis would keep a string freshly set to this value.
    private static func encoding(of bytes: [UInt8]) -> String {
        if Int64(decimal: bytes) != nil { return "int" }
        // What fits one cache line together with its headers (OBJ_ENCODING_EMBSTR_SIZE_LIMIT).
        return bytes.count <= 44 ? "embstr" : "raw"
    }

    private static func restore(
        _ request: RestoreRequest, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        if !request.replaces, moment.current != nil {
            throw CommandFailure("BUSYKEY Target key name already exists.")
        }
        guard let timeToLive = request.timeToLive else { throw .notAnInteger }
        guard timeToLive >= 0 else {
            throw CommandFailure("ERR Invalid TTL value, must be >= 0")
        }
        let value = try Dump.decode(request.payload, valueSizeMax: moment.valueSizeMax)
        guard timeToLive > 0 else { return Outcome(.ok, .assign(value, deadline: .remove)) }
        let base = request.isAbsolute ? 0 : Int64(clamping: moment.nowMs)
        let (deadline, overflow) = timeToLive.addingReportingOverflow(base)
        guard !overflow, deadline > Int64(clamping: moment.nowMs) else {
            return Outcome(.ok, moment.current == nil ? nil : .delete)
        }
        return Outcome(.ok, .assign(value, deadline: .set(UInt64(deadline))))
    }
}

extension Expiry {
    /// When it is, in milliseconds since 1970: any time that 64 bits hold, as for `EXPIRE`.
    func moment(nowMs: UInt64, command: String) throws(CommandFailure) -> Int64 {
        guard let amount else { throw .notAnInteger }
        let scale: Int64 = unit == .seconds ? 1000 : 1
        let (scaled, isTooLarge) = amount.multipliedReportingOverflow(by: scale)
        let base = isAbsolute ? 0 : Int64(clamping: nowMs)
        let (whenMs, overflow) = scaled.addingReportingOverflow(base)
        guard !isTooLarge, !overflow else { throw .invalidExpireTime(command) }
        return whenMs
    }

    /// The same for `SET` and its like, which want an amount above zero.
    func checked(nowMs: UInt64, command: String) throws(CommandFailure) -> UInt64 {
        guard let amount else { throw .notAnInteger }
        guard amount > 0 else { throw .invalidExpireTime(command) }
        return UInt64(try moment(nowMs: nowMs, command: command))
    }

    /// The command of the `EXPIRE` family that says just this.
    var commandName: String {
        (unit == .seconds ? "" : "p") + (isAbsolute ? "expireat" : "expire")
    }
}
