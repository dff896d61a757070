/// A command of a history, with what its words and its answer say.
struct Act {
    let record: CommandRecord
    let command: PlainCommand

    var isRead: Bool { command.isRead }

    /// Whether it is acknowledged and has changed something, as far as its answer tells.
    var hasWritten: Bool { record.isAcknowledged && mayHaveWritten }

    /// Whether it may have changed something.
    var mayHaveWritten: Bool {
        guard !isRead, !record.isRefused else { return false }
        switch (command, record.answer) {
        case (.set(_, _, _, .line), .nothing?), (.set(_, _, _, .number), .integer(0)?): return false
        case (.set(_, .ifAbsent, _, .old), .bytes?), (.set(_, .ifPresent, _, .old), .nothing?):
            return false
        case (.getExpiring, .nothing?), (.getDelete, .nothing?): return false
        case (.delete, .integer(0)?), (.deleteUnchanged, .integer(0)?), (.expire, .integer(0)?),
            (.persist, .integer(0)?):
            return false
        default: return true
        }
    }

    /// Whether both what it saw and what it wrote met a majority.
    var isStrict: Bool {
        if command.isBlind { return record.writesStrictly }
        return record.readsStrictly && (!mayHaveWritten || record.writesStrictly)
    }

    /// Whether what was there before it is gone after it.
    var overwrites: Bool {
        switch command {
        case .set, .getDelete, .delete, .deleteUnchanged: mayHaveWritten
        default: false
        }
    }

    /// The value that its answer shows: nil if it shows none, an empty optional for nothing.
    var shown: [UInt8]?? {
        switch (command, record.answer) {
        case (.get, .bytes(let value)?), (.getExpiring, .bytes(let value)?),
            (.getDelete, .bytes(let value)?), (.set(_, _, _, .old), .bytes(let value)?):
            .some(value)
        case (.get, .nothing?), (.getExpiring, .nothing?), (.getDelete, .nothing?),
            (.set(_, _, _, .old), .nothing?):
            .some(nil)
        default: nil
        }
    }

    /// The values of a `DGET`.
    var siblings: [[UInt8]] {
        guard case .siblings = command, case .list(let parts)? = record.answer, parts.count == 2,
            case .list(let values) = parts[1]
        else { return [] }
        return values.compactMap { if case .bytes(let value) = $0 { value } else { nil } }
    }

    /// When the value that it writes is to expire; nil for never.
    func deadline(_ rules: JudgeRules) -> Moments? {
        let wanted: PlainCommand.Deadline
        switch command {
        case .set(_, _, let deadline, _): wanted = deadline
        case .getExpiring(let deadline), .expire(let deadline, _): wanted = deadline
        default: return nil
        }
        switch wanted {
        case .keep, .remove: return nil
        case .after(let ms):
            return rules.moments(afterMs: ms, from: record.calledNs, to: record.endNs)
        case .at(let ms): return rules.moments(atMs: ms)
        }
    }

    /// Whether it changes a deadline without writing a value of its own.
    var touchesDeadline: Bool {
        switch command {
        case .set(_, _, .keep, _), .getExpiring, .expire, .persist: mayHaveWritten
        default: false
        }
    }
}
