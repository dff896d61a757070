extension PlainModel {
    func read(_ call: Call, _ seen: KeyState) -> Result? {
        guard let answer = call.answer else { return Result(effect: .none, seen: seen) }
        let bytes = seen.value.map { values[$0] }
        let isRight: Bool
        switch call.command {
        case .get: isRight = answer == (bytes.map { .bytes($0) } ?? .nothing)
        case .siblings: isRight = showsSiblings(answer, bytes)
        case .size: isRight = answer == .integer(Int64(bytes?.count ?? 0))
        case .range(let start, let end):
            isRight = answer == .bytes(Self.slice(bytes ?? [], start, end))
        case .bit(let place):
            isRight = answer == .integer((bytes ?? []).isBitOn(Int(place)) ? 1 : 0)
        case .bitCount:
            let count = (bytes ?? []).reduce(0) { $0 + $1.nonzeroBitCount }
            isRight = answer == .integer(Int64(count))
        case .bitPlace(let isOn): isRight = answer == .integer(Self.place(of: isOn, bytes))
        case .inspection: isRight = (answer == .nothing) == (bytes == nil)
        case .dump:
            if case .bytes(let payload) = answer {
                isRight = bytes != nil && DumpPayload.value(in: payload) == bytes
            } else {
                isRight = bytes == nil
            }
        case .exists: isRight = answer == .integer(bytes == nil ? 0 : 1)
        case .type: isRight = answer == .line(bytes == nil ? "none" : "string")
        case .timeLeft(let inSeconds, let isAbsolute):
            return timeLeft(answer, inSeconds: inSeconds, isAbsolute: isAbsolute, call, seen)
        case .entry: return entry(answer, bytes, seen)
        case .bitField(let steps):
            guard let changed = Self.changed(bytes ?? [], .bitField(steps)) else { return nil }
            isRight = answer == changed.answer
        default: return nil
        }
        return isRight ? Result(effect: .none, seen: seen) : nil
    }

    /// Several siblings do not tell which one a `GET` would show.
    private func showsSiblings(_ answer: CommandRecord.Answer, _ bytes: [UInt8]?) -> Bool {
        guard case .list(let parts) = answer, parts.count == 2, case .list(let values) = parts[1]
        else { return false }
        switch values.count {
        case 0: return bytes == nil
        case 1: return bytes.map { values[0] == .bytes($0) } ?? false
        default: return true
        }
    }

    private func entry(
        _ answer: CommandRecord.Answer, _ bytes: [UInt8]?, _ seen: KeyState
    ) -> Result? {
        guard let bytes else {
            return answer == .nothing ? Result(effect: .none, seen: seen) : nil
        }
        guard case .list(let parts) = answer, parts.count == 2, parts[0] == .bytes(bytes),
            case .integer(let deadlineMs) = parts[1]
        else { return nil }
        guard deadlineMs >= 0 else {
            return seen.deadline == nil ? Result(effect: .none, seen: seen) : nil
        }
        let shown = rules.moments(atMs: deadlineMs)
        return narrowed(seen, from: shown.earliestNs, to: shown.latestNs)
    }

    private func narrowed(
        _ seen: KeyState, from earliestNs: Int64, to latestNs: Int64
    ) -> Result? {
        guard let deadline = seen.deadline?.narrowed(from: earliestNs, to: latestNs) else {
            return nil
        }
        return Result(effect: .none, seen: KeyState(value: seen.value, deadline: deadline))
    }

    private func timeLeft(
        _ answer: CommandRecord.Answer, inSeconds: Bool, isAbsolute: Bool, _ call: Call,
        _ seen: KeyState
    ) -> Result? {
        guard case .integer(let shown) = answer else { return nil }
        guard seen.value != nil else {
            return shown == -2 ? Result(effect: .none, seen: seen) : nil
        }
        guard seen.deadline != nil else {
            return shown == -1 ? Result(effect: .none, seen: seen) : nil
        }
        guard shown >= 0 else { return nil }
        // Seconds are rounded.
        let leastMs = inSeconds ? shown * 1000 - 500 : shown
        let mostMs = inSeconds ? shown * 1000 + 500 : shown
        if isAbsolute {
            return narrowed(
                seen, from: rules.moments(atMs: leastMs).earliestNs,
                to: rules.moments(atMs: mostMs).latestNs)
        }
        let earliestNs = rules.moments(afterMs: leastMs, from: call.calledNs, to: call.calledNs)
            .earliestNs
        // What has passed by the clock of whoever answers has no time left.
        return narrowed(
            seen, from: shown == 0 ? .min : earliestNs,
            to: rules.moments(afterMs: mostMs, from: call.endNs, to: call.endNs).latestNs)
    }

    /// Of the first bit that is so. A string goes on with zeros.
    private static func place(of isOn: Bool, _ bytes: [UInt8]?) -> Int64 {
        guard let bytes else { return isOn ? -1 : 0 }
        let first = (0..<bytes.count * 8).first { bytes.isBitOn($0) == isOn }
        if let first { return Int64(first) }
        return isOn || bytes.isEmpty ? -1 : Int64(bytes.count * 8)
    }

    static func slice(_ bytes: [UInt8], _ start: Int64, _ end: Int64) -> [UInt8] {
        let size = Int64(bytes.count)
        if start < 0, end < 0, start > end { return [] }
        let first = max(0, start < 0 ? start &+ size : start)
        let last = min(size - 1, max(0, end < 0 ? end &+ size : end))
        return first <= last ? Array(bytes[Int(first)...Int(last)]) : []
    }
}
