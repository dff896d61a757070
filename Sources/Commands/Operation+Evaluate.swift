internal import Essentials
public import Objects
internal import Wire

extension Operation {
    /// Redis' default of `proto-max-bulk-len`.
    public static let valueSizeMaxOfRedis = 512 << 20

    /// Carries out the operation on what the key shows now. No value grows past `valueSizeMax`, and
    /// none is allocated before that is checked.
    public func evaluate(
        current: StringView?, nowMs: UInt64, valueSizeMax: Int = Self.valueSizeMaxOfRedis
    ) -> Outcome {
        // The two that matter most, before anything that can throw.
        switch self {
        case .get:
            guard let current else { return Outcome(.null) }
            return Outcome(.bulk(current.bytes))
        case .set(let value, let options)
        where options == .plain && value.count <= valueSizeMax:
            return Outcome(.ok, .assign(value, deadline: .remove))
        default:
            let moment = Moment(current: current, nowMs: nowMs, valueSizeMax: valueSizeMax)
            do {
                return try evaluateString(moment)
            } catch {
                return Outcome(.error(error.text))
            }
        }
    }

    /// What an evaluation may look at.
    struct Moment {
        let current: StringView?
        let nowMs: UInt64
        let valueSizeMax: Int

        /// Refuses a string of `size + added` bytes if that is too large.
        func check(_ size: Int, adding added: Int = 0) throws(CommandFailure) {
            let (total, overflow) = size.addingReportingOverflow(added)
            guard !overflow, total <= valueSizeMax else { throw .tooLarge }
        }
    }

    private func evaluateString(_ moment: Moment) throws(CommandFailure) -> Outcome {
        let current = moment.current
        let old = current.map { Reply.bulk($0.bytes) } ?? .null
        switch self {
        case .get: return Outcome(old)
        case .set(let value, let options): return try Self.set(value, options, moment)
        case .setExpiring(let value, let expiry):
            let name = expiry.unit == .seconds ? "setex" : "psetex"
            let deadlineMs = try expiry.checked(nowMs: moment.nowMs, command: name)
            try moment.check(value.count)
            return Outcome(.ok, .assign(value, deadline: .set(deadlineMs)))
        case .setIfAbsent(let value):
            try moment.check(value.count)
            guard current == nil else { return Outcome(.integer(0)) }
            return Outcome(.integer(1), .assign(value, deadline: .remove))
        case .getSet(let value):
            try moment.check(value.count)
            return Outcome(old, .assign(value, deadline: .remove))
        case .getEx(let request): return try Self.getEx(request, moment)
        case .getDel: return Outcome(old, current == nil ? nil : .delete)
        case .append(let suffix):
            let size = current?.bytes.count ?? 0
            try moment.check(size, adding: suffix.count)
            let total = Reply.integer(Int64(size + suffix.count))
            if suffix.isEmpty, current != nil { return Outcome(total) }
            return Outcome(total, .assign((current?.bytes ?? []) + suffix, deadline: .keep))
        case .size: return Outcome(.integer(Int64(current?.bytes.count ?? 0)))
        case .getRange(let start, let end):
            return Outcome(.bulk(Self.slice(current?.bytes ?? [], start, end)))
        case .setRange(let offset, let value): return try Self.setRange(offset, value, moment)
        case .increment(let amount): return try Self.increment(by: amount, moment)
        case .incrementDecimal(let amount): return try Self.increment(by: amount, moment)
        case .getBit, .setBit, .bitCount, .bitPosition, .bitField:
            return try evaluateBits(moment)
        default: return try evaluateKey(moment)
        }
    }

    // MARK: Setting

    private static func set(
        _ value: [UInt8], _ options: SetOptions, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        var deadline = DeadlineChange.keep
        switch options.deadline {
        case .keep: break
        case .remove: deadline = .remove
        case .expire(let expiry):
            deadline = .set(try expiry.checked(nowMs: moment.nowMs, command: "set"))
        }
        try moment.check(value.count)
        let old: Reply? =
            options.returnsOld ? moment.current.map { .bulk($0.bytes) } ?? .null : nil
        let exists = moment.current != nil
        switch options.condition {
        case .ifAbsent where exists, .ifPresent where !exists: return Outcome(old ?? .null)
        default: break
        }
        // A deadline that has passed already: the value would be gone before anybody saw it.
        if case .set(let deadlineMs) = deadline, deadlineMs <= moment.nowMs {
            return Outcome(old ?? .ok, options.isBlind || exists ? .delete : nil)
        }
        return Outcome(old ?? .ok, .assign(value, deadline: deadline))
    }

    private static func getEx(
        _ request: DeadlineRequest, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        guard let current = moment.current else { return Outcome(.null) }
        let reply = Reply.bulk(current.bytes)
        switch request {
        case .keep: return Outcome(reply)
        case .remove:
            return Outcome(reply, current.deadlineMs == nil ? nil : .setDeadline(.remove))
        case .expire(let expiry):
            let deadlineMs = try expiry.checked(nowMs: moment.nowMs, command: "getex")
            return Outcome(
                reply, deadlineMs <= moment.nowMs ? .delete : .setDeadline(.set(deadlineMs)))
        }
    }

    // MARK: Ranges

    /// `GETRANGE`: both ends count, negative places count from the end.
    private static func slice(_ bytes: [UInt8], _ start: Int64, _ end: Int64) -> [UInt8] {
        let size = Int64(bytes.count)
        if start < 0, end < 0, start > end { return [] }
        let first = max(0, start < 0 ? start + size : start)
        let last = min(size - 1, max(0, end < 0 ? end + size : end))
        guard first <= last else { return [] }
        return Array(bytes[Int(first)...Int(last)])
    }

    private static func setRange(
        _ offset: Int64, _ value: [UInt8], _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        var bytes = moment.current?.bytes ?? []
        guard !value.isEmpty else { return Outcome(.integer(Int64(bytes.count))) }
        try moment.check(Int(offset), adding: value.count)
        let end = Int(offset) + value.count
        bytes.pad(to: end)
        bytes.replaceSubrange(Int(offset)..<end, with: value)
        return Outcome(.integer(Int64(bytes.count)), .assign(bytes, deadline: .keep))
    }

    // MARK: Counting

    private static func increment(
        by amount: Int64, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        var value: Int64 = 0
        if let current = moment.current {
            guard let parsed = Int64(decimal: current.bytes) else { throw .notAnInteger }
            value = parsed
        }
        let (sum, overflow) = value.addingReportingOverflow(amount)
        guard !overflow else {
            throw CommandFailure("ERR increment or decrement would overflow")
        }
        return Outcome(.integer(sum), .increment(amount))
    }

    private static func increment(
        by amount: FixedDecimal?, _ moment: Moment
    ) throws(CommandFailure) -> Outcome {
        var value = FixedDecimal.zero
        if let current = moment.current {
            guard let parsed = try FixedDecimal.read(current.bytes) else { throw .notFinite }
            value = parsed
        }
        guard let amount, let sum = value.adding(amount) else { throw .notFinite }
        return Outcome(.bulk(sum.text), .incrementDecimal(amount))
    }
}

extension CommandFailure {
    static let notFinite = CommandFailure("ERR increment would produce NaN or Infinity")
}

extension FixedDecimal {
    /// Reads a number; nil for one that is infinite or cannot be held.
    static func read(_ text: [UInt8]) throws(CommandFailure) -> FixedDecimal? {
        do {
            return try FixedDecimal(parsing: text)
        } catch {
            switch error {
            case .notANumber: throw .notAFloat
            case .outOfRange: return nil
            }
        }
    }
}

extension [UInt8] {
    /// Appends zeros until there are `size` bytes.
    mutating func pad(to size: Int) {
        guard count < size else { return }
        append(contentsOf: repeatElement(0, count: size - count))
    }
}
