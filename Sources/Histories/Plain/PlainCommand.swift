/// What a command does to one string, read from its words by the rules of Redis' manual and by
/// nothing of the store: what judges it must not share its mistakes.
enum PlainCommand: Sendable, Equatable {
    enum Condition: Sendable { case always, ifAbsent, ifPresent }

    /// What becomes of the deadline.
    enum Deadline: Sendable, Equatable {
        case keep, remove
        case after(ms: Int64)
        case at(ms: Int64)
    }

    struct ExpireConditions: OptionSet, Sendable {
        let rawValue: UInt8
        static let ifNone = ExpireConditions(rawValue: 1)
        static let ifSome = ExpireConditions(rawValue: 2)
        static let ifLater = ExpireConditions(rawValue: 4)
        static let ifEarlier = ExpireConditions(rawValue: 8)
    }

    /// How `SET` and its older sisters answer.
    enum SetReply: Sendable { case line, number, old }

    case get
    /// `DGET`: all values that are not replaced.
    case siblings
    case size
    case range(start: Int64, end: Int64)
    case bit(at: Int64)
    case bitCount
    /// Of the first bit that is on, or off.
    case bitPlace(isOn: Bool)
    case exists
    case type
    /// Whatever it tells of a value, there is one.
    case inspection
    case dump
    /// `TTL`, `PTTL`, `EXPIRETIME`, `PEXPIRETIME`.
    case timeLeft(inSeconds: Bool, isAbsolute: Bool)
    /// A step of `RENAME` and `COPY`: the value and its deadline.
    case entry

    case set([UInt8], Condition, Deadline, SetReply)
    case getExpiring(Deadline)
    case getDelete
    case delete
    /// A step of `RENAME`: deletes what `entry` had read, unless it was written to since.
    case deleteUnchanged
    case expire(Deadline, ExpireConditions)
    case persist
    case append([UInt8])
    case overwrite(at: Int64, [UInt8])
    case setBit(at: Int64, Bool)
    case bitField([BitStep])
    case add(Int64)
    case addDecimal(Decimal)

    init?(_ words: [[UInt8]]) {
        guard words.count > 1 else { return nil }
        let name = Self.name(words[0])
        let read = Self.read(name, words) ?? Self.inspection(name, words)
        guard let command = read ?? Self.write(name, words) else { return nil }
        self = command
    }

    private static func read(_ name: String, _ words: [[UInt8]]) -> PlainCommand? {
        switch (name, words.count) {
        case ("GET", 2): .get
        case ("DGET", _): .siblings
        case ("STRLEN", 2): .size
        case ("GETRANGE", 4), ("SUBSTR", 4):
            number(words[2]).flatMap { start in
                number(words[3]).map { .range(start: start, end: $0) }
            }
        case ("GETBIT", 3): number(words[2]).map { .bit(at: $0) }
        case ("EXISTS", 2), ("TOUCH", 2): .exists
        case ("TYPE", 2): .type
        case ("TTL", 2): .timeLeft(inSeconds: true, isAbsolute: false)
        case ("PTTL", 2): .timeLeft(inSeconds: false, isAbsolute: false)
        case ("EXPIRETIME", 2): .timeLeft(inSeconds: true, isAbsolute: true)
        case ("PEXPIRETIME", 2): .timeLeft(inSeconds: false, isAbsolute: true)
        case ("MARTLET.READ", 2): .entry
        default: nil
        }
    }

    private static func inspection(_ name: String, _ words: [[UInt8]]) -> PlainCommand? {
        switch (name, words.count) {
        case ("BITCOUNT", 2): return .bitCount
        case ("BITPOS", 3): return number(words[2]).map { .bitPlace(isOn: $0 != 0) }
        case ("OBJECT", 3): return Self.name(words[1]) == "FREQ" ? nil : .inspection
        case ("DUMP", 2): return .dump
        default: return nil
        }
    }

    private static func write(_ name: String, _ words: [[UInt8]]) -> PlainCommand? {
        switch (name, words.count) {
        case ("SET", 3...): set(words)
        case ("SETEX", 4):
            number(words[2]).flatMap { scaled($0) }.map {
                .set(words[3], .always, .after(ms: $0), .line)
            }
        case ("PSETEX", 4):
            number(words[2]).map { .set(words[3], .always, .after(ms: $0), .line) }
        case ("SETNX", 3): .set(words[2], .ifAbsent, .remove, .number)
        case ("GETSET", 3): .set(words[2], .always, .remove, .old)
        case ("GETEX", _): getExpiring(words)
        case ("GETDEL", 2): .getDelete
        case ("DEL", 2), ("UNLINK", 2): .delete
        case ("MARTLET.DEL", 4): .deleteUnchanged
        case ("EXPIRE", 3...), ("PEXPIRE", 3...), ("EXPIREAT", 3...), ("PEXPIREAT", 3...):
            expire(name, words)
        case ("PERSIST", 2): .persist
        case ("APPEND", 3): .append(words[2])
        case ("SETRANGE", 4): number(words[2]).map { .overwrite(at: $0, words[3]) }
        case ("SETBIT", 4):
            number(words[2]).flatMap { place in
                number(words[3]).map { .setBit(at: place, $0 != 0) }
            }
        case ("RESTORE", 4...): restore(words)
        case ("BITFIELD", 3...), ("BITFIELD_RO", 3...):
            BitStep.parse(words.dropFirst(2)).map { .bitField($0) }
        case ("INCR", 2): .add(1)
        case ("DECR", 2): .add(-1)
        case ("INCRBY", 3): number(words[2]).map { .add($0) }
        case ("DECRBY", 3): number(words[2]).flatMap { $0 == .min ? nil : .add(-$0) }
        case ("INCRBYFLOAT", 3): Decimal(words[2]).map { .addDecimal($0) }
        default: nil
        }
    }

    private static func set(_ words: [[UInt8]]) -> PlainCommand? {
        var condition = Condition.always
        var deadline = Deadline.remove
        var reply = SetReply.line
        var index = 3
        while index < words.count {
            switch name(words[index]) {
            case "NX": condition = .ifAbsent
            case "XX": condition = .ifPresent
            case "GET": reply = .old
            case "KEEPTTL": deadline = .keep
            case let unit:
                index += 1
                guard index < words.count, let wanted = Self.deadline(unit, words[index]) else {
                    return nil
                }
                deadline = wanted
            }
            index += 1
        }
        return .set(words[2], condition, deadline, reply)
    }

    /// One that did not replace what was there was refused.
    private static func restore(_ words: [[UInt8]]) -> PlainCommand? {
        guard let ms = number(words[2]), let value = DumpPayload.value(in: words[3]) else {
            return nil
        }
        let isAbsolute = words.dropFirst(4).contains { name($0) == "ABSTTL" }
        let deadline: Deadline =
            ms == 0 ? .remove : isAbsolute ? .at(ms: ms) : .after(ms: ms)
        return .set(value, .always, deadline, .line)
    }

    private static func getExpiring(_ words: [[UInt8]]) -> PlainCommand? {
        switch words.count {
        case 2: .get
        case 3 where name(words[2]) == "PERSIST": .getExpiring(.remove)
        case 4: deadline(name(words[2]), words[3]).map { .getExpiring($0) }
        default: nil
        }
    }

    private static func expire(_ name: String, _ words: [[UInt8]]) -> PlainCommand? {
        let units = ["EXPIRE": "EX", "PEXPIRE": "PX", "EXPIREAT": "EXAT", "PEXPIREAT": "PXAT"]
        guard let unit = units[name], let wanted = deadline(unit, words[2]) else { return nil }
        var conditions: ExpireConditions = []
        for word in words.dropFirst(3) {
            switch Self.name(word) {
            case "NX": conditions.insert(.ifNone)
            case "XX": conditions.insert(.ifSome)
            case "GT": conditions.insert(.ifLater)
            case "LT": conditions.insert(.ifEarlier)
            default: return nil
            }
        }
        return .expire(wanted, conditions)
    }

    private static func deadline(_ unit: String, _ amount: [UInt8]) -> Deadline? {
        guard let amount = number(amount) else { return nil }
        switch unit {
        case "EX": return scaled(amount).map { .after(ms: $0) }
        case "PX": return .after(ms: amount)
        case "EXAT": return scaled(amount).map { .at(ms: $0) }
        case "PXAT": return .at(ms: amount)
        default: return nil
        }
    }

    private static func scaled(_ seconds: Int64) -> Int64? {
        let (ms, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? nil : ms
    }

    static func name(_ word: [UInt8]) -> String {
        String(decoding: word, as: UTF8.self).uppercased()
    }

    static func number(_ word: [UInt8]) -> Int64? { Int64(String(decoding: word, as: UTF8.self)) }
}

extension PlainCommand {
    /// Whether it never writes.
    var isRead: Bool {
        switch self {
        case .get, .siblings, .size, .range, .bit, .bitCount, .bitPlace, .exists, .type,
            .inspection, .dump, .timeLeft, .entry:
            true
        case .bitField(let steps): steps.allSatisfy(\.isRead)
        default: false
        }
    }

    /// Whether neither what it writes nor its answer depends on what was there.
    var isBlind: Bool {
        if case .set(_, .always, let deadline, .line) = self { deadline != .keep } else { false }
    }

    /// Whether the value that it leaves is made of the one that was there.
    var derivesValue: Bool {
        switch self {
        case .append, .overwrite, .setBit, .add, .addDecimal: true
        case .bitField: !isRead
        default: false
        }
    }

    /// The value that it writes, if it writes one that is its own.
    var literal: [UInt8]? {
        if case .set(let value, _, _, _) = self { value } else { nil }
    }
}
