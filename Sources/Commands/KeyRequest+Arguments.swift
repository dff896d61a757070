internal import Essentials
internal import Objects

// From an operation back to the words of a command that means just it: how requests travel to other
// nodes, and how logs show them.

extension KeyRequest {
    /// Words that `Invocation.interpret(arguments:)` reads as this request. What a request asks for
    /// beyond its operation is among them only for `DGET`, `DPUT` and `DDEL`.
    public var arguments: [[UInt8]] {
        var (name, rest) = operation.words
        var words = [name]
        // `OBJECT ENCODING key`: the key stands behind the subcommand.
        if let space = name.firstIndex(of: " ") {
            words = [String(name[..<space]), String(name[name.index(after: space)...])]
        }
        if let consistency, operation.isDynamo {
            rest += consistency.words.map { .text($0) }
        }
        return words.map { Array($0.utf8) } + [key] + rest.map(\.bytes)
    }

    private static let objectWord = Array("OBJECT".utf8)

    /// The key among words that `arguments` gave, without reading all of them; nil for what it
    /// never gives.
    public static func key(ofForwarded arguments: [[UInt8]]) -> [UInt8]? {
        let place = arguments.first == objectWord ? 2 : 1
        return place < arguments.count ? arguments[place] : nil
    }
}

/// A word of a command that is put together.
enum Word {
    case text(String)
    case raw([UInt8])
    case number(Int64)
    /// Nil stands for what was not a number, and must not become one.
    case optional(Int64?)

    var bytes: [UInt8] {
        switch self {
        case .text(let text): Array(text.utf8)
        case .raw(let bytes): bytes
        case .number(let value): [UInt8](decimal: value)
        case .optional(let value): value.map { [UInt8](decimal: $0) } ?? Array("?".utf8)
        }
    }
}

extension Operation {
    fileprivate var isDynamo: Bool {
        switch self {
        case .dynamoGet, .dynamoPut, .dynamoDelete: true
        default: false
        }
    }

    /// The command's name, and what stands behind the key.
    fileprivate var words: (String, [Word]) {
        switch self {
        case .get: ("GET", [])
        case .set(let value, let options): ("SET", [.raw(value)] + options.words)
        case .setExpiring(let value, let expiry):
            (
                expiry.unit == .seconds ? "SETEX" : "PSETEX",
                [.optional(expiry.amount), .raw(value)]
            )
        case .setIfAbsent(let value): ("SETNX", [.raw(value)])
        case .getSet(let value): ("GETSET", [.raw(value)])
        case .getEx(.keep): ("GETEX", [])
        case .getEx(.remove): ("GETEX", [.text("PERSIST")])
        case .getEx(.expire(let expiry)): ("GETEX", expiry.words)
        case .getDel: ("GETDEL", [])
        case .append(let suffix): ("APPEND", [.raw(suffix)])
        case .size: ("STRLEN", [])
        case .getRange(let start, let end): ("GETRANGE", [.number(start), .number(end)])
        case .setRange(let offset, let value): ("SETRANGE", [.number(offset), .raw(value)])
        case .increment(let amount): ("INCRBY", [.number(amount)])
        case .incrementDecimal(let amount):
            ("INCRBYFLOAT", [.raw(amount?.text ?? Array("inf".utf8))])
        case .getBit(let offset): ("GETBIT", [.number(offset)])
        case .setBit(let offset, let isOn):
            ("SETBIT", [.number(offset), .optional(isOn.map { $0 ? 1 : 0 })])
        case .bitCount(let range): ("BITCOUNT", range.words)
        case .bitPosition(let isOn, let range):
            ("BITPOS", [.number(isOn ? 1 : 0)] + range.words)
        case .bitField(let steps): ("BITFIELD", Self.words(of: steps))
        default: keyWords
        }
    }

    /// `OVERFLOW` holds for all steps behind it, so it is said where it changes.
    private static func words(of steps: [BitFieldStep]) -> [Word] {
        var words: [Word] = []
        var overflow = BitFieldStep.Overflow.wrap
        for step in steps {
            if step.overflow != overflow {
                overflow = step.overflow
                words += [.text("OVERFLOW"), .text(overflow.word)]
            }
            words += step.words
        }
        return words
    }

    private var keyWords: (String, [Word]) {
        switch self {
        case .exists: ("EXISTS", [])
        case .type: ("TYPE", [])
        case .touch: ("TOUCH", [])
        case .expire(let expiry, let condition):
            (
                expiry.commandName.uppercased(),
                [.optional(expiry.amount)] + condition.words.map { .text($0) }
            )
        case .timeToLive(let unit): (unit == .seconds ? "TTL" : "PTTL", [])
        case .expireTime(let unit): (unit == .seconds ? "EXPIRETIME" : "PEXPIRETIME", [])
        case .persist: ("PERSIST", [])
        case .delete: ("DEL", [])
        case .objectEncoding: ("OBJECT ENCODING", [])
        case .objectRefcount: ("OBJECT REFCOUNT", [])
        case .objectIdleTime: ("OBJECT IDLETIME", [])
        case .objectFrequency: ("OBJECT FREQ", [])
        case .dump: ("DUMP", [])
        case .restore(let request): ("RESTORE", request.words)
        case .dynamoGet: ("DGET", [])
        case .dynamoPut(let context, let value): ("DPUT", [.raw(context), .raw(value)])
        case .dynamoDelete(let context): ("DDEL", [.raw(context)])
        case .readEntry: (CommandTable.spec(.readEntry).name, [])
        case .deleteUnchanged(let view):
            (
                CommandTable.spec(.deleteUnchanged).name,
                [
                    .raw(view.bytes),
                    .number(view.deadlineMs.map { Int64(clamping: $0) } ?? -1),
                ]
            )
        default: ("", [])
        }
    }
}

extension SetOptions {
    fileprivate var words: [Word] {
        var words: [Word] = []
        switch condition {
        case .always: break
        case .ifAbsent: words.append(.text("NX"))
        case .ifPresent: words.append(.text("XX"))
        }
        if returnsOld { words.append(.text("GET")) }
        switch deadline {
        case .keep: words.append(.text("KEEPTTL"))
        case .remove: break
        case .expire(let expiry): words += expiry.words
        }
        return words
    }
}

extension Expiry {
    fileprivate var words: [Word] {
        let name = (unit == .seconds ? "EX" : "PX") + (isAbsolute ? "AT" : "")
        return [.text(name), .optional(amount)]
    }
}

extension ExpireCondition {
    fileprivate var words: [String] {
        let names: [(ExpireCondition, String)] = [
            (.ifNone, "NX"), (.ifSome, "XX"), (.ifLater, "GT"), (.ifEarlier, "LT"),
        ]
        return names.filter { contains($0.0) }.map(\.1)
    }
}

extension BitRange {
    fileprivate var words: [Word] {
        var words: [Word] = []
        for bound in [start, end] {
            switch bound {
            case .missing: break
            case .invalid: words.append(.optional(nil))
            case .at(let value): words.append(.number(value))
            }
        }
        guard words.count == 2 else { return words }
        switch unit {
        case .bytes: words.append(.text("BYTE"))
        case .bits: words.append(.text("BIT"))
        case nil: words.append(.text("?"))
        }
        if hasExcess { words.append(.text("?")) }
        return words
    }
}

extension BitFieldStep {
    fileprivate var words: [Word] {
        let type = (isSigned ? "i" : "u") + "\(bits)"
        let field: [Word] = [.text(type), .number(offset)]
        switch action {
        case .get: return [.text("GET")] + field
        case .set(let value): return [.text("SET")] + field + [.number(value)]
        case .increment(let amount): return [.text("INCRBY")] + field + [.number(amount)]
        }
    }
}

extension BitFieldStep.Overflow {
    fileprivate var word: String {
        switch self {
        case .wrap: "WRAP"
        case .saturate: "SAT"
        case .fail: "FAIL"
        }
    }
}

extension RestoreRequest {
    fileprivate var words: [Word] {
        var words: [Word] = [.optional(timeToLive), .raw(payload)]
        if replaces { words.append(.text("REPLACE")) }
        if isAbsolute { words.append(.text("ABSTTL")) }
        return words
    }
}
